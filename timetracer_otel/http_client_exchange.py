"""One exchange of `http.client` as its bytes pass, on their way out and on their way in."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable, Iterator
from functools import lru_cache
from io import TextIOBase
from typing import Any

from timetracer_otel.http_exchange import Exchange, Passing
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.http1 import (
    HeadersToCome,
    RequestHead,
    StatusLine,
    split_head,
    status_line,
)
from timetracer_otel.protocols.http1_framing import (
    Chunked,
    Counted,
    Framing,
    UntilEnd,
    framing_of_request,
)
from timetracer_otel.protocols.http_parts import HttpResponseRef
from timetracer_otel.recording.guard import guarded

__all__ = ["WireExchange", "noting", "tap"]

_PIECE = 1024 * 1024
_CONTINUE = 100
_IN_SEND = guarded("http.client send")
_IN_READ = guarded("http.client read")
_KEY = "_timetracer"


class WireExchange:
    """The request's body and the response, put together from the bytes of one connection.

    `framing` is that of the answer, until its end has come.
    """

    __slots__ = (
        "_exchange",
        "_head",
        "_method",
        "_out",
        "_passing",
        "_response",
        "busy",
        "ends",
        "framing",
    )

    def __init__(self, exchange: Exchange, head: RequestHead) -> None:
        self.busy = False
        self.ends: dict[str, object] = {}
        self._exchange = exchange
        self._method = head.method
        self._head: list[bytes] | None = []
        self.framing: Framing | None = None
        self._passing: Passing | None = None
        self._response: HttpResponseRef | None = None
        self._out: tuple[Framing, Passing] | None = None
        if head.size != 0:
            self._out = (framing_of_request(head, self._take_out), exchange.sending())

    # -- on the way out -----------------------------------------------------------------------

    def _take_out(self, data: bytes) -> None:
        if self._out is not None:
            self._out[1].feed(data)

    def sends(self, data: Any) -> None:
        """The next bytes of the request's body are about to go out."""
        if self._out is None:
            return
        framing, passing = self._out
        for piece in _pieces(data):
            framing.feed(piece)
        if framing.ended:
            passing.ended()
            self._out = None

    def failed(self, error: BaseException, stage: str) -> None:
        """`error` came in place of an answer."""
        if self._out is not None:
            self._out[0].broken_off()
        self._exchange.failed(error, stage)

    def abandon(self) -> None:
        """The connection was closed before anybody asked for an answer."""
        self._exchange.dropped()

    def __del__(self) -> None:
        if self._exchange.is_open:
            with _IN_SEND:
                self._exchange.dropped()

    # -- on the way in ------------------------------------------------------------------------

    def began(self, response: http.client.HTTPResponse, ends: dict[str, object]) -> None:
        """`http.client` has read the head of the answer."""
        line, headers, rest = self._taken_head(response)
        noted = self._response = HttpResponseRef(
            line.status, headers, None, line.reason, line.http_version, extensions=ends
        )
        if self._out is not None:
            self._out[0].broken_off()
        length = 0 if self._method == "HEAD" else response.length
        if length == len(rest) and not response.chunked:  # all of it came at once, as most do
            self._exchange.answered_whole(noted, rest)
        else:
            passing = self._passing = self._exchange.answered(noted)
            self.framing = _framing_of(length, response.chunked, passing)
            self.received(rest)

    def _taken_head(
        self, response: http.client.HTTPResponse
    ) -> tuple[StatusLine, HeadersToCome, bytes]:
        pieces, self._head = self._head or [], None
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        head, rest = split_head(data) or (data, b"")
        while (line := status_line(head)) is not None and line.status == _CONTINUE:
            head, rest = split_head(rest) or (rest, b"")
        if line is None:  # botocore has read it, when it waited for leave to send the body
            version = "HTTP/1.0" if response.version == 10 else "HTTP/1.1"  # noqa: PLR2004 - its own code for it
            line = StatusLine(version, response.status, response.reason)
            head = b"\r\n" + head
        return line, HeadersToCome(head), rest

    def received(self, data: bytes) -> None:
        """The next bytes of the answer; none at all where the connection ended."""
        if self._head is not None:
            self._head.append(data)
            return
        framing, passing = self.framing, self._passing
        if framing is None or passing is None or self._response is None:
            return
        framing.feed(data)
        if framing.ended:
            self._response.trailers = framing.trailers
            passing.ended()
            self.framing = None

    def ended(self) -> None:
        """The other side has closed the connection."""
        if isinstance(self.framing, UntilEnd) and self._passing is not None:
            self._passing.ended()
            self.framing = None
        elif (body := self._broken_off()) is not None:
            body.finish("aborted")

    def broke_off(self, error: BaseException) -> None:
        """`error` came instead of more of the answer; in its head, `failed` says so."""
        passing = self._passing
        if self._broken_off() is not None and passing is not None:
            passing.broke_off(error)

    def closed(self) -> None:
        """Nobody reads on."""
        body = self._broken_off()
        if body is not None:
            body.finish("partial" if body.size else "unread")

    def _broken_off(self) -> Body | None:
        """The answer's body, if its end has not come."""
        framing, response = self.framing, self._response
        if framing is None or response is None:
            return None
        response.extensions.update(framing.broken_off())
        response.trailers = framing.trailers
        self.framing = None
        return response.body


def _framing_of(length: int | None, chunked: object, passing: Passing) -> Framing:
    if length != 0 and chunked:
        return Chunked(passing.feed)
    return UntilEnd(passing.feed) if length is None else Counted(passing.feed, length)


def _pieces(data: Any) -> Iterator[bytes]:
    """Bytes as they are; what could be changed later is copied, a piece at a time."""
    if type(data) is bytes:
        yield data
        return
    view = memoryview(data).cast("B")
    for at in range(0, len(view), _PIECE):
        yield bytes(view[at : at + _PIECE])


# -- what is sent as a file or an iterable: seen as `http.client` takes it, never read by us ------


class _Read:
    """A file whose blocks are noted as they are read."""

    def __init__(self, file: Any, exchange: WireExchange) -> None:
        self._file = file
        self._exchange = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, *args: Any) -> Any:
        block = self._file.read(*args)
        with _IN_SEND:
            self._exchange.sends(block.encode("latin-1") if isinstance(block, str) else block)
        return block


class _ReadText(_Read, TextIOBase):
    """`http.client` encodes what such a file gives."""


class _Iterated:
    """An iterable whose items are noted as they are taken."""

    def __init__(self, items: Iterable[Any], exchange: WireExchange) -> None:
        self._items = items
        self._exchange = exchange

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            with _IN_SEND:
                self._exchange.sends(item)
            yield item


def noting(data: Any, exchange: WireExchange) -> Any:
    """`data` to be sent: as it is if its bytes are there, else noted as it is read."""
    if hasattr(data, "read"):
        return (_ReadText if isinstance(data, TextIOBase) else _Read)(data, exchange)
    try:
        exchange.sends(data)
    except TypeError:
        if not isinstance(data, str) and isinstance(data, Iterable):
            return _Iterated(data, exchange)
    return data


# -- what comes in: seen where the socket is read, below every buffer ------------------------------


@lru_cache(maxsize=32)
def _tapped(kind: type[socket.SocketIO]) -> type[socket.SocketIO]:
    class Tapped(kind):  # type: ignore[misc,valid-type]
        __slots__ = ()  # the layout stays the same, so that an object can change to it
        _timetracer_tapped = True

        def readinto(self, buffer: Any) -> int | None:
            exchange: WireExchange | None = self.__dict__.get(_KEY)
            try:
                count: int | None = kind.readinto(self, buffer)
            except BaseException as error:
                with _IN_READ:
                    if exchange is not None:
                        exchange.broke_off(error)
                raise
            if exchange is None:
                return count
            try:
                if count:
                    exchange.received(bytes(memoryview(buffer)[:count]))
                elif count == 0 and len(buffer):
                    exchange.ended()
            except Exception:  # `guarded` is entered only when there is something to guard against
                with _IN_READ:
                    raise
            return count

        def close(self) -> None:
            try:
                kind.close(self)
            finally:
                exchange = self.__dict__.pop(_KEY, None)
                if exchange is not None and exchange.framing is not None:
                    with _IN_READ:
                        exchange.closed()

    Tapped.__name__, Tapped.__qualname__ = kind.__name__, kind.__qualname__
    Tapped.__module__ = kind.__module__
    return Tapped


def tap(file: Any, exchange: WireExchange) -> None:
    """Let `exchange` see what is read from a socket's file; of anything else, nothing is."""
    raw = getattr(file, "raw", file)
    if not isinstance(raw, socket.SocketIO):
        return
    raw.__dict__[_KEY] = exchange
    if not hasattr(type(raw), "_timetracer_tapped"):
        raw.__class__ = _tapped(type(raw))
