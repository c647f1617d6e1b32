"""Cassettes in a folder: ``<dir>/<date>/<METHOD>_<route>_<status>_<trace ID's first 12>.json``."""

from __future__ import annotations

import errno
import gzip
import logging
import os
import re
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from timetracer_otel.accounts import Tally
from timetracer_otel.cassette import (
    MAX_CASSETTE_BYTES,
    Cassette,
    merge_fragment,
    write_cassette,
)
from timetracer_otel.cassette.files import drafted, find, read
from timetracer_otel.errors import CassetteError, StoreError
from timetracer_otel.exporters.disk_limit import DiskLimit, Policy
from timetracer_otel.protocols.http_parts import HttpInteraction

if TYPE_CHECKING:
    from timetracer_otel.encryption import Clear
    from timetracer_otel.exporters.encrypting import Encrypting
    from timetracer_otel.keys import KeyRing

__all__ = ["FileStore", "clear_day", "clear_name", "file_name", "find", "placed", "read"]

_LOG = logging.getLogger("timetracer_otel")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_REMEMBERED = 4096
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV}


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


def clear_name(clear: Clear) -> str:
    """``POST_checkout_500_4bf92f3577b3.json.jwe``: of an encrypted cassette what may be seen."""
    parts = [clear.method, clear.route and (_safe(clear.route) or "root")]
    parts += [str(clear.status or ""), clear.trace_id[:12]]
    return "_".join(_safe(part) for part in parts if part) + ".json.jwe"


def clear_day(clear: Clear) -> str:
    """The folder's name: the date, unless that is not to be seen."""
    return clear.recorded_at[:10] or "undated"


def _first_title(cassette: Cassette) -> str:
    return cassette.interactions[0].title if cassette.interactions else "trace"


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-.")[:80]


class FileStore:
    """A sink that writes each cassette to a file of its own, whole or not at all.

    Files are readable by their owner alone: they hold what the application was told. A store
    that cannot be written says so once and costs recordings, nothing else.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        compression: str = "none",
        encrypting: Encrypting | None = None,
    ) -> None:
        self.folder = Path(folder).absolute()  # the application may change its directory
        self._encrypting = encrypting
        self._packed = compression == "gzip" and encrypting is None
        self._suffix = ".json.gz" if self._packed else ".json"
        if encrypting is not None:
            self._suffix = encrypting.suffix
        self._written: OrderedDict[tuple[str, str], Path] = OrderedDict()
        self._complained = False
        self._mark = uuid.uuid4().hex[:8]
        self.tally = Tally()
        self._limit = DiskLimit(self.folder, 0, "stop", self.tally)

    def limit_disk(self, limit: int, policy: Policy) -> None:
        """All cassettes in the folder may take `limit` bytes; 0 is no limit."""
        self._limit = DiskLimit(self.folder, limit, policy, self.tally)

    @property
    def lost(self) -> int:
        """Cassettes that could not be written."""
        return sum(self.tally.lost.values())

    def write(self, cassette: Cassette, *, fragment: bool = False) -> None:
        """Store `cassette`; a fragment is merged into the file of its trace."""
        try:
            self._limit.check()
            size = self._write(cassette, fragment=fragment)
            self._complained = False
        except (OSError, StoreError) as error:
            self.tally.lost[_reason_of(error)] += 1
            self._complain(error)
            return
        except BaseException:
            self.tally.lost["a fault of the store"] += 1
            raise
        self.tally.written += not fragment
        self.tally.bytes += size
        self._limit.wrote(size)

    def write_again(self, cassette: Cassette, *, fragment: bool) -> None:
        """As `write`, unless its file is there already: another process may have got so far."""
        whole = not fragment or not self.has_kept(cassette)
        files = self._files_of(cassette) if whole else ()
        present = next((path for path in files if self._is_of(path, cassette)), None)
        if present is None:
            self.write(cassette, fragment=fragment)
            return
        self.tally.written += not fragment
        with suppress(OSError):
            self.tally.bytes += present.stat().st_size

    def has_kept(self, cassette: Cassette) -> bool:
        """Whether `cassette` is a fragment of what this store has written, and remembers."""
        return (cassette.trace_id, cassette.root_span_id) in self._written

    @property
    def _keys(self) -> KeyRing | None:
        return self._encrypting.keys if self._encrypting is not None else None

    def _place(self, cassette: Cassette) -> tuple[str, str]:
        """The folder, and the file's name without its suffix."""
        if self._encrypting is None:
            day, name = cassette.recorded_at[:10], file_name(cassette).removesuffix(".json")
        else:
            clear = self._encrypting.clear(cassette)
            day, name = clear_day(clear), clear_name(clear).removesuffix(self._suffix)
        return f"{self.folder}/{day}", name

    def _files_of(self, cassette: Cassette) -> Iterator[Path]:
        for path in _candidates(*self._place(cassette), self._suffix):
            if not os.path.lexists(path):
                return
            yield Path(path)

    def _write(self, cassette: Cassette, *, fragment: bool) -> int:
        """The bytes that were written."""
        key = (cassette.trace_id, cassette.root_span_id)
        known = self._written.get(key) if fragment else None
        if known is not None:
            try:
                cassette = merge_fragment(read(known, self._keys), cassette)
            except (CassetteError, StoreError):
                known = None  # taken away or mended by hand since: keep the fragment by itself
        data = write_cassette(cassette)
        if len(data) > MAX_CASSETTE_BYTES:
            reason = f"a cassette of {len(data):,} bytes is more than can be read again"
            raise StoreError(path=str(self.folder), reason=reason, hint="lower `max_trace_kb`")
        if self._encrypting is not None:
            data = self._encrypting(cassette, data)
        elif self._packed:
            data = gzip.compress(data, compresslevel=6, mtime=0)
        if known is not None:
            self._replace(known, data)
        else:
            self._remember(key, self._create(cassette, data))
        return len(data)

    def _create(self, cassette: Cassette, data: bytes) -> Path:
        folder, stem = self._place(cassette)
        return placed(folder, stem, self._suffix, data=data, mark=self._mark)

    def _replace(self, path: Path, data: bytes) -> None:
        drafted(str(path.parent), path.name, data=data, mark=self._mark).replace(path)

    def _remember(self, key: tuple[str, str], path: Path) -> None:
        self._written[key] = path
        if len(self._written) > _REMEMBERED:
            self._written.popitem(last=False)

    def _is_of(self, path: Path, cassette: Cassette) -> bool:
        """Whether the file holds what began at the moment that `cassette` did."""
        try:
            kept = read(path, self._keys)
        except (CassetteError, StoreError):
            return False
        return (kept.trace_id, kept.root_span_id, kept.recorded_at) == (
            cassette.trace_id,
            cassette.root_span_id,
            cassette.recorded_at,
        )

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            reason = getattr(error, "strerror", None) or str(error)
            _LOG.error(
                "cassettes cannot be written to %s: %s. The application is not affected; "
                "recordings are lost until this is mended",
                self.folder,
                reason,
            )


def _reason_of(error: Exception) -> str:
    """In a few words: it is an attribute of a metric."""
    number = getattr(error, "errno", None)
    if number in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return "disk full"
    if number is not None:
        return "not writable"
    return "no key" if getattr(error, "path", "") == "encryption" else "too large to be read again"


# Paths below are plain strings: with `pathlib` they cost as much as the encoding.


def placed(folder: str, stem: str, suffix: str, *, data: bytes, mark: str) -> Path:
    """Write a file, whole or not at all, under the first free name. `mark` is the writer's own.

    Raises OSError, `StoreError`.
    """
    try:
        draft = drafted(folder, stem, data=data, mark=mark)
    except FileNotFoundError:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        draft = drafted(folder, stem, data=data, mark=mark)
    try:
        for path in _candidates(folder, stem, suffix):
            if _linked(str(draft), path):
                return Path(path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)
    raise StoreError(path=folder, reason="no free file name")


def _linked(draft: str, path: str) -> bool:
    """Give the draft its name, unless that is taken."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _moved(draft, path)
    return True


def _moved(draft: str, path: str) -> bool:
    """The same where there are no hard links: the name is taken first, then filled."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    os.replace(draft, path)
    return True


def _candidates(folder: str, stem: str, suffix: str) -> Iterator[str]:
    """Names to try: two services may record one trace, one service may call itself."""
    yield f"{folder}/{stem}{suffix}"
    for number in range(2, 1000):
        yield f"{folder}/{stem}-{number}{suffix}"
