"""Cassettes in a folder: ``<dir>/<date>/<METHOD>_<route>_<status>_<trace ID's first 12>.json``."""

from __future__ import annotations

import gzip
import logging
import os
import re
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from timetracer_otel.cassette import (
    MAX_CASSETTE_BYTES,
    Cassette,
    merge_fragment,
    read_cassette,
    write_cassette,
)
from timetracer_otel.errors import CassetteError, InvalidCassette, StoreError
from timetracer_otel.protocols.http_parts import HttpInteraction

__all__ = ["FileStore", "file_name", "find", "read"]

_LOG = logging.getLogger("timetracer_otel")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_REMEMBERED = 4096
_SUFFIXES = (".json", ".json.gz")


def find(folder: Path) -> list[Path]:
    """The cassette files below `folder`, by name. Raises `StoreError` when it is no folder."""
    if not folder.is_dir():
        raise StoreError(path=str(folder), reason="there is no such folder of cassettes")
    return sorted(path for path in folder.rglob("*") if _is_cassette_name(path))


def _is_cassette_name(path: Path) -> bool:
    return path.name.endswith(_SUFFIXES) and not path.name.startswith(".") and path.is_file()


def read(path: Path) -> Cassette:
    """The cassette in a file, plain or gzip. Raises `StoreError` or `CassetteError`."""
    return read_cassette(_content(path), file=str(path))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_CASSETTE_BYTES:
            reason = f"{path.stat().st_size:,} bytes, more than a cassette may have"
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


def file_name(cassette: Cassette) -> str:
    """``POST_checkout_500_4bf92f3577b3.json``: what a person looks for, then what is unique."""
    trace = cassette.trace_id[:12]
    entry = cassette.entry
    if not isinstance(entry, HttpInteraction):
        return f"{_safe(_first_title(cassette))}_{trace}.json"
    route = entry.request.route or entry.request.url.partition("?")[0].partition("://")[2]
    path = route if entry.request.route else route.partition("/")[2]
    status = entry.response.status if entry.response is not None else "error"
    return f"{_safe(entry.request.method)}_{_safe(path) or 'root'}_{status}_{trace}.json"


def _first_title(cassette: Cassette) -> str:
    return cassette.interactions[0].title if cassette.interactions else "trace"


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-.")[:80]


class FileStore:
    """A sink that writes each cassette to a file of its own, whole or not at all.

    Files are readable by their owner alone: they hold what the application was told. A store
    that cannot be written says so once and costs recordings, nothing else.
    """

    def __init__(self, folder: str | Path, *, compression: str = "none") -> None:
        self.folder = Path(folder)
        self._suffix = ".gz" if compression == "gzip" else ""
        self._written: OrderedDict[str, Path] = OrderedDict()
        self._complained = False
        self.lost = 0

    def write(self, cassette: Cassette, *, fragment: bool = False) -> None:
        """Store `cassette`; a fragment is merged into the file of its trace."""
        try:
            self._write(cassette, fragment=fragment)
            self._complained = False
        except (OSError, StoreError) as error:
            self._complain(error)

    def _write(self, cassette: Cassette, *, fragment: bool) -> None:
        known = self._written.get(cassette.trace_id) if fragment else None
        if known is not None:
            try:
                cassette = merge_fragment(read(known), cassette)
            except (CassetteError, StoreError):
                known = None  # taken away or mended by hand since: keep the fragment by itself
        data = write_cassette(cassette)
        if self._suffix:
            data = gzip.compress(data, compresslevel=6, mtime=0)
        if known is not None:
            self._replace(known, data)
        else:
            self._remember(cassette.trace_id, self._create(cassette, data))

    def _create(self, cassette: Cassette, data: bytes) -> Path:
        folder = f"{self.folder}/{cassette.recorded_at[:10]}"
        stem = file_name(cassette).removesuffix(".json")
        try:
            draft = _write_draft(folder, stem, data)
        except FileNotFoundError:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            draft = _write_draft(folder, stem, data)
        try:
            for path in _candidates(folder, stem, f".json{self._suffix}"):
                try:
                    os.link(draft, path)
                except FileExistsError:
                    continue
                return Path(path)
        finally:
            os.unlink(draft)
        raise StoreError(path=folder, reason="no free file name")

    @staticmethod
    def _replace(path: Path, data: bytes) -> None:
        os.replace(_write_draft(str(path.parent), path.name, data), path)

    def _remember(self, trace_id: str, path: Path) -> None:
        self._written[trace_id] = path
        if len(self._written) > _REMEMBERED:
            self._written.popitem(last=False)

    def _complain(self, error: Exception) -> None:
        self.lost += 1
        if not self._complained:
            self._complained = True
            reason = getattr(error, "strerror", None) or str(error)
            _LOG.error(
                "cassettes cannot be written to %s: %s. The application is not affected; "
                "recordings are lost until this is mended",
                self.folder,
                reason,
            )


# Paths below are plain strings: with `pathlib` they cost as much as the encoding.


def _write_draft(folder: str, stem: str, data: bytes) -> str:
    """The data under a hidden name of this process's own, to be moved into place."""
    draft = f"{folder}/.{stem}.{os.getpid()}.part"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
    except OSError:
        os.unlink(draft)
        raise
    finally:
        os.close(handle)
    return draft


def _candidates(folder: str, stem: str, suffix: str) -> Iterator[str]:
    """Names to try: two services may record one trace, one service may call itself."""
    yield f"{folder}/{stem}{suffix}"
    for number in range(2, 1000):
        yield f"{folder}/{stem}-{number}{suffix}"
