"""Cassettes that are there already, encrypted, decrypted, or encrypted anew.

What replaces a file is whole on the disk, and has been read back, before the file goes.
"""

from __future__ import annotations

import gzip
import os
import uuid
from functools import partial
from pathlib import Path

from timetracer_otel.cassette import Cassette, write_cassette
from timetracer_otel.cassette.files import content_of, drafted, header_of
from timetracer_otel.errors import StoreError
from timetracer_otel.exporters.encrypting import Encrypting
from timetracer_otel.exporters.files import (
    clear_day,
    clear_name,
    file_name,
    placed,
)
from timetracer_otel.settings import Settings

__all__ = ["Rewriting"]

_UNDATED = "undated"


class Rewriting:
    """Each method takes a file and returns the one in its place; None where it is so already.

    They raise `StoreError`, `CassetteError`; the file is then as it was.
    """

    def __init__(self, settings: Settings) -> None:
        self._encrypting = Encrypting(settings)
        self._packed = settings.compression == "gzip"
        self._mark = uuid.uuid4().hex[:8]

    def encrypt(self, path: Path, *, keep: bool = False) -> Path | None:
        """A plain cassette, encrypted."""
        if header_of(path) is not None:
            return None
        return self._encrypted(path, keep=keep)

    def encrypt_anew(self, path: Path) -> Path | None:
        """An encrypted cassette, with the key that is current and a new data key."""
        if header_of(path) is None:
            return None
        return self._encrypted(path, keep=False)

    def decrypt(self, path: Path, *, keep: bool = False) -> Path | None:
        """An encrypted cassette, as it would have been written without."""
        if header_of(path) is None:
            return None
        cassette, content = content_of(path, self._encrypting.keys)
        stem = file_name(cassette).removesuffix(".json")
        folder = _folder(path, cassette, cassette.recorded_at[:10])
        suffix = ".json"
        if self._packed:
            suffix, content = ".json.gz", gzip.compress(content, compresslevel=6, mtime=0)
        return self._replaced(path, folder, stem + suffix, content, keep=keep)

    def content_as(self, path: Path, cassette: Cassette) -> bytes:
        """What `cassette` is in the place of a file: plain, packed or encrypted, as that is."""
        content = write_cassette(cassette)
        if header_of(path) is not None:
            return self._encrypting(cassette, content)
        if path.name.endswith(".gz"):
            return gzip.compress(content, compresslevel=6, mtime=0)
        return content

    def _encrypted(self, path: Path, *, keep: bool) -> Path:
        cassette, content = content_of(path, self._encrypting.keys)
        clear = self._encrypting.clear(cassette)
        folder = _folder(path, cassette, clear_day(clear))
        data = self._encrypting(cassette, content)
        return self._replaced(path, folder, clear_name(clear), data, keep=keep)

    def _replaced(self, path: Path, folder: Path, name: str, data: bytes, *, keep: bool) -> Path:
        before = path.stat()
        stem, suffix = _cut(name)
        in_place = not keep and folder == path.parent and _is_name_of(path, stem, suffix)
        write = drafted if in_place else partial(placed, suffix=suffix)
        made = write(str(folder), stem, data=data, mark=self._mark)
        try:
            os.utime(made, ns=(before.st_atime_ns, before.st_mtime_ns))
            self._compare(path, made)
            _wait_for_disk(made)
        except BaseException:  # Ctrl-C as well: not two of one cassette
            made.unlink()
            raise
        if in_place:
            return made.replace(path)
        if not keep:
            path.unlink()
        return made

    def _compare(self, path: Path, made: Path) -> None:
        one, other = (content_of(file, self._encrypting.keys)[1] for file in (path, made))
        if one != other:
            raise StoreError(path=str(made), reason="it was not written as it should be")


def _wait_for_disk(made: Path) -> None:
    """What goes when this is here must not go before it is here."""
    with made.open("rb") as file:
        os.fsync(file.fileno())


def _cut(name: str) -> tuple[str, str]:
    stem, dot, rest = name.partition(".json")
    return stem, dot + rest


def _is_name_of(path: Path, stem: str, suffix: str) -> bool:
    """Whether the file has the name already, perhaps with a number."""
    if not path.name.endswith(suffix):
        return False
    own = path.name.removesuffix(suffix)
    return own == stem or (own.startswith(f"{stem}-") and own[len(stem) + 1 :].isdecimal())


def _folder(path: Path, cassette: Cassette, day: str) -> Path:
    """The folder of that day beside the one of the file, if that is named by its day."""
    if path.parent.name in {cassette.recorded_at[:10], _UNDATED}:
        return path.parent.parent / day
    return path.parent
