"""What the cassettes of a folder may take on disk, and what happens when it is reached."""

from __future__ import annotations

import errno
import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Literal

from timetracer_otel.accounts import Tally

__all__ = ["DiskLimit", "Policy"]

Policy = Literal["oldest", "largest", "stop"]

_ROOM = 0.95
"""Removing goes on to this share of the limit: looking through a folder is not done each time."""

_RESCAN_S = 30.0
_GROWTH = 0.05
"""Several processes may share the folder: looked at again after so long, and so much written."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NAME = re.compile(r"[^.].*_[0-9a-f]{12}(-\d+)?\.json(\.[a-z]+)*")
"""Cassettes as the store names them. Whatever else is in the folder is neither counted nor
touched, a cassette that a person has given another name least of all."""


class DiskLimit:
    """Keeps a folder within `limit` bytes, but for the last cassette that each process wrote.

    The size is known by a look through the folder, and by what is written from then on. One
    thread at a time.
    """

    def __init__(self, folder: Path, limit: int, policy: Policy, tally: Tally) -> None:
        self._folder = folder
        self._limit = limit
        self._policy = policy
        self._tally = tally
        self._used = 0
        self._since_scan = 0
        self._scanned = 0.0

    def check(self) -> None:
        """Raises OSError when nothing more may be written."""
        if self._limit and self._policy == "stop" and self._is_full():
            raise OSError(errno.EDQUOT, "they take all of `max_disk_mb`")

    def _is_full(self) -> bool:
        if not self._scanned or (self._used >= self._limit and self._is_stale()):
            self._scan()  # somebody may have made room
        return self._used >= self._limit

    def wrote(self, size: int) -> None:
        """`size` bytes more are in the folder. Removes what is too much."""
        if not self._limit:
            return
        self._used += size
        self._since_scan += size
        if not self._scanned or self._since_scan > _GROWTH * self._limit or self._is_stale():
            self._scan()
        if self._used > self._limit and self._policy != "stop":
            self._make_room()

    def _is_stale(self) -> bool:
        return monotonic() - self._scanned > _RESCAN_S

    def _scan(self) -> list[tuple[float, int, str]]:
        found = list(_cassettes(self._folder))
        self._used = sum(size for _, size, _ in found)
        self._since_scan = 0
        self._scanned = monotonic()
        return found

    def _make_room(self) -> None:
        found = self._scan()
        found.sort(key=lambda file: -file[1] if self._policy == "largest" else file[0])
        waiting = deque(found)
        while waiting and self._used > self._limit * _ROOM:
            _, size, path = waiting.popleft()
            self._used -= size
            with suppress(FileNotFoundError):  # another process was quicker
                Path(path).unlink()
                self._tally.removed += 1
        for folder in {Path(path).parent for _, _, path in found}:
            with suppress(OSError):  # not empty
                folder.rmdir()


def _cassettes(folder: Path) -> Iterator[tuple[float, int, str]]:
    """Time of the last change, bytes and path of each."""
    with suppress(OSError), os.scandir(folder) as days:
        for day in days:
            if _DATE.fullmatch(day.name):
                yield from _of_a_day(day.path)


def _of_a_day(folder: str) -> Iterator[tuple[float, int, str]]:
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            if _NAME.fullmatch(file.name):
                with suppress(OSError):
                    found = file.stat(follow_symlinks=False)
                    yield found.st_mtime, found.st_size, file.path
