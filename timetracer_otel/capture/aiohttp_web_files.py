"""A file that the kernel sends past aiohttp's writer: read from its place once it was sent."""

from __future__ import annotations

import os
from typing import Any

from timetracer_otel.interaction.body import Body
from timetracer_otel.recording import guarded
from timetracer_otel.recording.native import native

__all__ = ["SentFile"]

_AT_ONCE = 256 * 1024
"""Read where the request is answered; more of it takes a thread of its own."""


class SentFile:
    """A file descriptor of our own to what is sent, from where, and how much."""

    def __init__(self, number: int, offset: int, count: int) -> None:
        self._number = number
        self._offset = offset
        self._count = count

    @classmethod
    def of(cls, file: Any, offset: int, count: int) -> SentFile | None:
        """None for what is no file of the operating system."""
        try:
            return cls(os.dup(file.fileno()), offset, count)
        except (AttributeError, OSError, ValueError):
            return None

    def note(self, body: Body, *, whole: bool) -> None:
        """Feed `body` with what was sent of it, and finish it: at once, or soon."""
        if not whole:  # the two descriptors share one position, which the kernel moved
            sent = os.lseek(self._number, 0, os.SEEK_CUR) - self._offset
            self._count = max(0, min(self._count, sent))
        if self._count <= _AT_ONCE:
            self._read(body, whole=whole)
        else:
            native("_thread", "start_new_thread")(self._read_guarded, (body, whole))

    def _read_guarded(self, body: Body, whole: bool) -> None:
        with guarded("aiohttp.web file"):
            self._read(body, whole=whole)

    def _read(self, body: Body, *, whole: bool) -> None:
        position, end = self._offset, self._offset + self._count
        try:
            while position < end:
                chunk = os.pread(self._number, min(_AT_ONCE, end - position), position)
                if not chunk:
                    break
                body.feed(chunk)
                position += len(chunk)
        finally:
            body.finish("complete" if whole else "aborted")

    def __del__(self) -> None:
        os.close(self._number)
