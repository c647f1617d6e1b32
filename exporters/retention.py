"""Which cassettes of a folder may go, and why. Nothing is removed here but by `remove`."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from timetracer_otel.cassette import Cassette
from timetracer_otel.cassette.files import header_of, read
from timetracer_otel.errors import CannotDecrypt, InvalidCassette, StoreError
from timetracer_otel.exporters.encrypting import clear_of
from timetracer_otel.protocols.http_parts import HttpInteraction

__all__ = ["Kept", "Rules", "Verdict", "judged", "orphaned_drafts", "remove", "seen"]

_DRAFT_S = 3600.0
"""A file that is being written changes all the time: one that has not for so long is left over."""

_LETTERS = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}[0-9a-f-]*|\d+", re.IGNORECASE)
"""What differs from one request to the next of the same shape."""

_OUR_NAME = re.compile(r"(?:^|_)[0-9a-f]{12}(?:-\d+)?\.json(?:\.gz|\.jwe)?$")
"""What the store calls its files. Other JSON in the folder is not ours to remove."""

_FIELDS = ("status", "error")


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is to know of one file. Without its key a cassette has no `shape`.

    `broken` says that it is no cassette; `closed` names the key that is missing.
    """

    path: Path
    size: int
    recorded_at: dt.datetime
    route: str = ""
    shape: tuple[str, ...] = ()
    broken: str = ""
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What may go. `number` of the newest stay of each route, `size` bytes in all."""

    before: dt.datetime | None = None
    number: int | None = None
    size: int | None = None
    duplicates: bool = False
    orphans: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file that may go, and why."""

    path: Path
    size: int
    why: str


def seen(path: Path, *, shape: bool = True) -> Kept:
    """What is known of a file; without `shape` it is not decrypted when it says enough itself.

    Raises `StoreError` for one that cannot be read.
    """
    size, changed = _stat(path)
    try:
        header = header_of(path)
        if header is not None and not shape:
            clear = header.timetracer
            if clear.method and clear.route and clear.recorded_at:
                moment = _moment(clear.recorded_at, changed)
                return Kept(path, size, moment, f"{clear.method} {clear.route}")
        cassette = read(path)
    except CannotDecrypt as error:
        said = header.timetracer.recorded_at if header is not None else ""
        return Kept(path, size, _moment(said, changed), closed=error.key_id)
    except InvalidCassette as error:
        return Kept(path, size, changed, broken=error.reason)
    moment = _moment(cassette.recorded_at, changed)
    return Kept(path, size, moment, _route_of(cassette), shape_of(cassette))


def _route_of(cassette: Cassette) -> str:
    """Where there is no route, what the path or the first call would be one of."""
    entry = cassette.entry
    if isinstance(entry, HttpInteraction):
        path = _LETTERS.sub("#", entry.request.url.partition("://")[2].partition("?")[0])
        return f"{entry.request.method} {entry.request.route or path}"
    return _LETTERS.sub("#", cassette.interactions[0].title) if cassette.interactions else ""


def shape_of(cassette: Cassette) -> tuple[str, ...]:
    """Route, status and failure, and which calls there were with which outcome, each once."""
    clear = clear_of(cassette, _FIELDS)
    calls = set()
    for one in cassette.interactions:
        outcome = one.error.type if one.error is not None else ""
        status = str(getattr(one.response, "status", ""))
        calls.add(f"{one.library} {_LETTERS.sub('#', one.title)} {status} {outcome}")
    return (_route_of(cassette), str(clear.status), clear.error, *sorted(calls))


def judged(files: Iterable[Kept], rules: Rules) -> list[Verdict]:
    """Those that may go, oldest first. Whose key is missing goes by age and size alone."""
    left = sorted(files, key=lambda kept: (kept.recorded_at, str(kept.path)), reverse=True)
    gone: list[Verdict] = []

    def take(why: str, is_meant: Callable[[Kept], bool]) -> None:
        nonlocal left
        meant = [kept for kept in left if is_meant(kept)]
        gone.extend(Verdict(kept.path, kept.size, why) for kept in meant)
        left = [kept for kept in left if kept not in meant]

    if rules.orphans:
        take("no cassette", lambda kept: bool(kept.broken and _OUR_NAME.search(kept.path.name)))
    left = [kept for kept in left if not kept.broken]  # without being asked these stay
    if rules.before is not None:
        before = rules.before
        take(f"older than {before:%Y-%m-%d %H:%M}", lambda kept: kept.recorded_at < before)
    if rules.duplicates:
        take("same route and shape as a newer one", _beyond(1, lambda kept: kept.shape))
    if rules.number is not None:
        why = f"{rules.number} newer ones of its route"
        by_route: Callable[[Kept], tuple[str, ...]] = lambda k: () if k.closed else (k.route,)  # noqa: E731
        take(why, _beyond(rules.number, by_route))
    if rules.size is not None:
        take("beyond the size", _beyond_size(rules.size))
    return gone[::-1]


def _beyond(number: int, group: Callable[[Kept], tuple[str, ...]]) -> Callable[[Kept], bool]:
    """Asked newest first: whether there were so many of the same group already."""
    met: defaultdict[tuple[str, ...], int] = defaultdict(int)

    def is_beyond(kept: Kept) -> bool:
        key = group(kept)
        if not key:
            return False
        met[key] += 1
        return met[key] > number

    return is_beyond


def _beyond_size(most: int) -> Callable[[Kept], bool]:
    total = 0

    def is_beyond(kept: Kept) -> bool:
        nonlocal total
        total += kept.size
        return total > most

    return is_beyond


def orphaned_drafts(folder: Path) -> list[Verdict]:
    """What a process left behind that ended while it was writing."""
    latest = time.time() - _DRAFT_S
    found = []
    for path in sorted(folder.rglob(".*.part")):
        with suppress(OSError):
            stat = path.stat()
            if stat.st_mtime < latest:
                found.append(Verdict(path, stat.st_size, "left over from writing"))
    return found


def remove(path: Path, folder: Path) -> None:
    """Remove a file, and its folder if that is empty then. Raises `StoreError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from None
    if path.parent != folder:
        with suppress(OSError):  # there is more in it, or more is being written
            path.parent.rmdir()


def _stat(path: Path) -> tuple[int, dt.datetime]:
    try:
        stat = path.stat()
    except OSError as error:
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from None
    return stat.st_size, dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)


def _moment(rfc3339: str, otherwise: dt.datetime) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(rfc3339[:19] + "+00:00")
    except ValueError:
        return otherwise
