"""What redis-py reads from and writes to in a replay: a socket, or a pair of asyncio's streams."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from timetracer_otel.replay.redis_answers import Answers, Closed, NothingYet, Waiting

__all__ = ["RecordedReader", "RecordedSocket", "open_socket", "open_streams"]

_HERE = "127.0.0.1"

if TYPE_CHECKING:
    from socket import socket as _Socket  # noqa: N812 - a base class: a variable is none to mypy
else:
    _Socket = object  # `open_socket` puts the class below


class RecordedSocket(_Socket):
    """One end of a pair: waiting, its timeouts and `poll` are those of the class it stands on."""

    def __init__(self, answers: Answers, port: int) -> None:
        near, self._far = socket.socketpair()
        super().__init__(near.family, near.type, near.proto, fileno=near.detach())
        self.answers = answers
        self._port = port

    def sendall(self, data: Any, *_: Any) -> None:
        self.answers.take(data)

    def send(self, data: Any, *_: Any) -> int:
        self.answers.take(data)
        return len(data)

    def recv(self, size: int, *flags: Any) -> bytes:
        data = self._read(size)
        return super().recv(size, *flags) if data is None else data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        data = self._read(nbytes or len(buffer))
        if data is None:
            return super().recv_into(buffer, nbytes, flags)
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes | None:
        try:
            return self.answers.read(size, forever=self.gettimeout() is None)
        except Closed:
            self._far.close()
            return b""
        except Waiting:
            return None
        except NothingYet:
            if self.gettimeout() == 0:
                text = "Resource temporarily unavailable"
                raise BlockingIOError(errno.EWOULDBLOCK, text) from None
            raise TimeoutError("timed out") from None

    def pending(self) -> int:
        """As a TLS socket says it: what can be read though the system knows of nothing."""
        return self.answers.ready()

    def getpeername(self) -> Any:
        return (_HERE, self._port)

    def getsockname(self) -> Any:
        return (_HERE, 0)

    def setsockopt(self, *_: Any) -> None:
        """Options of TCP mean nothing here."""

    def close(self) -> None:
        self._far.close()
        super().close()


@cache
def _standing_on(kind: type[socket.socket]) -> type[RecordedSocket]:
    return type(RecordedSocket.__name__, (RecordedSocket, kind), {})


def open_socket(answers: Answers, port: int) -> RecordedSocket:
    """A socket of the class that sockets have now.

    gunicorn's gevent workers replace it after this module is loaded, and a subscriber that waits
    for messages in the system's own would stop every other greenlet.
    """
    return _standing_on(socket.socket)(answers, port)


class RecordedReader(asyncio.StreamReader):
    """Has what is recorded; where there is nothing, it waits as a live one would."""

    def __init__(self, answers: Answers, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.answers = answers

    async def _wait_for_data(self, func_name: str) -> None:
        """Asyncio's own seam (3.8 to 3.14): every read comes by when the buffer has too little."""
        try:
            data = self.answers.read(2**20, forever=False)
        except Closed:
            self.feed_eof()
            return
        except NothingYet:
            await asyncio.sleep(0)
            raise TimeoutError from None
        except Waiting:
            data = None
        if data is None:
            await super()._wait_for_data(func_name)  # type: ignore[misc]  # private: typeshed hides it
        else:
            self.feed_data(data)


class _Transport(asyncio.Transport):
    """What the writer writes goes to the answers."""

    def __init__(self, answers: Answers, lost: Callable[[], None]) -> None:
        super().__init__()
        self._answers = answers
        self._lost = lost
        self._closing = False

    def write(self, data: Any) -> None:
        self._answers.take(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        for data in list_of_data:
            self._answers.take(data)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._lost()

    abort = close


def open_streams(answers: Answers) -> tuple[RecordedReader, asyncio.StreamWriter]:
    """A reader and asyncio's own writer, as `asyncio.open_connection` gives them."""
    loop = asyncio.get_running_loop()
    reader = RecordedReader(answers, loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = _Transport(answers, lambda: protocol.connection_lost(None))
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
