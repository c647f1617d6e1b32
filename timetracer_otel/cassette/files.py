"""Cassettes found and read in folders, and put in the place of what was there as a whole.

Where they go and what they are called is the exporters' business.
"""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from timetracer_otel.cassette.model import Cassette
from timetracer_otel.cassette.reading import MAX_CASSETTE_BYTES, read_cassette, read_hash_seed
from timetracer_otel.errors import CannotDecrypt, InvalidCassette, SettingsError, StoreError

if TYPE_CHECKING:
    from timetracer_otel.encryption import Clear, Header
    from timetracer_otel.keys import KeyRing

__all__ = [
    "SUFFIXES",
    "content_of",
    "drafted",
    "find",
    "hash_seed_of",
    "header_of",
    "put_whole",
    "read",
]

SUFFIXES = (".json", ".json.gz", ".json.jwe")
"""Plain, compressed, encrypted."""

_ENCRYPTED = b"eyJ"
_MAX_HEADER = 64 * 1024
_MAX_FILE_BYTES = MAX_CASSETTE_BYTES * 3 // 2
"""An encrypted cassette is spelled in base64."""


def find(folder: Path) -> list[Path]:
    """The cassette files below `folder`, by name. Raises `StoreError` when it is no folder."""
    if not folder.is_dir():
        raise StoreError(path=str(folder), reason="there is no such folder of cassettes")
    return sorted(path for path in folder.rglob("*") if _is_cassette_name(path))


def _is_cassette_name(path: Path) -> bool:
    return path.name.endswith(SUFFIXES) and not path.name.startswith(".") and path.is_file()


def read(path: Path, keys: KeyRing | None = None) -> Cassette:
    """The cassette in a file, plain, gzip or encrypted; `keys` if not those in force.

    Raises `StoreError` or `CassetteError`; of these, `CannotDecrypt` where the key is not to be
    had. What was changed or cut off is never read in part.
    """
    return content_of(path, keys)[0]


def content_of(path: Path, keys: KeyRing | None = None) -> tuple[Cassette, bytes]:
    """The cassette in a file, and the very bytes that say it, neither packed nor encrypted.

    Raises as `read` does.
    """
    data = _content(path)
    if not data.startswith(_ENCRYPTED):
        return read_cassette(data, file=str(path)), data
    clear, content = _decrypted(data, path, keys)
    cassette = read_cassette(content, file=str(path))
    if (clear.trace_id, clear.root_span_id) != (cassette.trace_id, cassette.root_span_id):
        reason = "its header is that of another recording"
        raise InvalidCassette(file=str(path), path="$.trace_id", reason=reason)
    return cassette, content


def header_of(path: Path) -> Header | None:
    """What an encrypted file says in the clear; None for one that is not encrypted.

    Nobody vouches for it before the file is read. Raises `StoreError`, `InvalidCassette`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_HEADER)
    except OSError as error:
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from None
    if not data.startswith(_ENCRYPTED):
        return None
    from timetracer_otel.encryption import read_header

    return read_header(data, file=str(path))


def put_whole(path: Path, data: bytes, *, private: bool = True) -> None:
    """Make `data` the content of `path`, whole or not at all. Raises `StoreError`.

    `private` files and folders are their owner's alone; others are as the process makes files.
    """
    draft = None
    try:
        path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        draft = drafted(str(path.parent), path.name, data=data, private=private)
        draft.replace(path)
    except OSError as error:
        if draft is not None:
            with suppress(OSError):
                draft.unlink()
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from error


def drafted(folder: str, stem: str, *, data: bytes, mark: str = "", private: bool = True) -> Path:
    """The data under a hidden name of the writer's own, to be moved into place. Raises OSError.

    Several machines may share the folder, each with a process 1: `mark` tells them apart.
    """
    own = f"{os.getpid()}-{mark}" if mark else str(os.getpid())
    draft = f"{folder}/.{stem}.{own}.part"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
    except OSError:
        Path(draft).unlink()
        raise
    finally:
        os.close(handle)
    return Path(draft)


def hash_seed_of(path: Path) -> int | None:
    """The seed that a cassette says, read quickly; None where it says none, or is none itself."""
    try:
        data = _content(path)
        if data.startswith(_ENCRYPTED):
            data = _decrypted(data, path, None)[1]
        return read_hash_seed(data)
    except (CannotDecrypt, InvalidCassette, SettingsError, StoreError):
        return None


def _decrypted(data: bytes, path: Path, keys: KeyRing | None) -> tuple[Clear, bytes]:
    from timetracer_otel.encryption import decrypted
    from timetracer_otel.keys import keys_in_force

    opener = (keys or keys_in_force()).opened
    return decrypted(data, opener, file=str(path), limit=MAX_CASSETTE_BYTES)


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > (_MAX_FILE_BYTES if path.name.endswith(".jwe") else MAX_CASSETTE_BYTES):
            reason = f"{size:,} bytes, more than a cassette may have"
            raise InvalidCassette(file=str(path), path="$", reason=reason)
        with path.open("rb") as file:
            if path.name.endswith(".gz"):
                with gzip.open(file) as packed:
                    return packed.read(MAX_CASSETTE_BYTES + 1)
            return file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidCassette(file=str(path), path="$", reason=f"broken gzip: {error}") from None
    except OSError as error:
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from None
