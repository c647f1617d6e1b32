"""What PyMongo writes to and reads from, with the recording at the other end."""

from __future__ import annotations

import asyncio
from typing import Any

from timetracer_otel.replay.mongodb_answers import Answers

__all__ = ["RecordedSocket", "RecordedTransport"]


class RecordedSocket:
    """As much of a socket as a connection uses."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.closed = False
        self._timeout: float | None = None

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        return self._timeout

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.closed = True

    def sendall(self, data: bytes) -> None:
        if self.closed:
            raise OSError("Connection is closed")
        self.answers.ask(data)

    def recv_into(self, buffer: memoryview) -> int:
        unread = self.answers.unread
        size = min(len(buffer), len(unread))
        buffer[:size] = unread[:size]
        del unread[:size]
        return size


class RecordedTransport(asyncio.Transport):
    """As much of a transport as the protocol of a connection uses."""

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.answers = Answers()
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._closing = False

    def deliver(self) -> None:
        """What there is to be read arrives."""
        unread = self.answers.unread
        while unread and not self._closing:
            buffer = self._protocol.get_buffer(len(unread))
            size = min(len(buffer), len(unread))
            buffer[:size] = unread[:size]
            del unread[:size]
            self._protocol.buffer_updated(size)

    def write(self, data: Any) -> None:
        self.answers.ask(data)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass
