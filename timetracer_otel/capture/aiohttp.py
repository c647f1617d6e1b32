"""aiohttp's client: the bytes of each exchange, as they pass between protocol and transport."""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

from timetracer_otel.http_exchange import Exchange, Passing
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.aiohttp_errors import register_aiohttp_errors, root_of, stage_of
from timetracer_otel.protocols.http_wire import MAX_READS, WireRequestRef, WireResponseRef
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]

_IN_REQUEST = guarded("aiohttp request")
_IN_RESPONSE = guarded("aiohttp response")
_SWITCHING_PROTOCOLS = 101
_FROM_ABOVE = frozenset({CancelledError, TimeoutError})
"""What ends a call from outside of it. Other errors are the application's: it wants no more."""


class _Wire:
    """One exchange, from the moment that it has a connection.

    `is_starting` while the library waits for status and headers, `is_over` once nothing more
    can come; the connection may live on.
    """

    __slots__ = (
        "_answered",
        "_content",
        "_exchange",
        "_lost",
        "_reads",
        "_received",
        "_ref",
        "_sending",
        "_sent",
        "_timer",
        "is_over",
        "is_starting",
    )

    def __init__(self, exchange: Exchange, ref: WireRequestRef, timer: Any) -> None:
        self._exchange = exchange
        self._ref = ref
        self._timer = timer
        self._sending: Passing | None = None
        self._sent = False
        self._received: list[bytes] = []
        self._reads: list[int] = []
        self._answered: Passing | None = None
        self._content: Any = None
        self._lost: BaseException | None = None
        self.is_starting = False
        self.is_over = False

    # -- the request ----------------------------------------------------------------------------

    def wrote(self, data: Any) -> None:
        """`data` went out: the head first, then the body in its framing."""
        if not self._ref.head:
            head, end, data = bytes(data).partition(b"\r\n\r\n")
            self._ref.head = head + end
        if data:
            if self._sending is None:
                self._sending = self._exchange.sending()
            self._sending.feed(data)

    def sent(self) -> None:
        """The body went out as a whole; what ends its framing may follow."""
        self._sent = True

    # -- the response ---------------------------------------------------------------------------

    def arrived(self, protocol: Any, data: bytes) -> None:
        """`data` is about to be parsed. Pieces that nobody waited for are told as one."""
        waiting = protocol._waiter or getattr(protocol._payload, "_waiter", None)
        if waiting is None and self._reads:
            self._reads[-1] += len(data)
        elif len(self._reads) <= MAX_READS:
            self._reads.append(len(data))
        if self._answered is None:
            self._received.append(data)
        else:
            self._answered.feed(data)

    def parsed(self) -> None:
        """What arrived has been taken; its framing or its coding may be broken."""
        if self._content is not None and self._content.exception() is not None:
            self._broke_off(self._content.exception())

    def answered(self, response: Any) -> None:
        """The final status and headers have come."""
        ref = WireResponseRef(
            status=response.status,
            headers=list(response.raw_headers),
            reason=_as_came(response.reason or ""),
            http_version=f"HTTP/{response.version.major}.{response.version.minor}",
            reads=self._reads,
        )
        self._upload_ended()
        self._answered = self._exchange.answered(ref)
        for data in self._received:
            self._answered.feed(data)
        self._received = []
        if response.status == _SWITCHING_PROTOCOLS:  # what follows is no HTTP
            self._complete()
            return
        self._content = response.content
        response.content.on_eof(self._complete)
        self.parsed()
        if self._lost is not None:
            self._broke_off(self._lost)

    def _upload_ended(self) -> None:
        if self._sent and self._sending is not None:
            self._sending.ended()

    def _complete(self) -> None:
        if not self.is_over and self._answered is not None:
            self._answered.ended()
            self._over()

    # -- what goes wrong ------------------------------------------------------------------------

    def failed(self, error: BaseException, stage: str) -> None:
        """`error` is what the application gets instead of a response."""
        if self.is_over:
            return
        if isinstance(self._lost, OSError) and isinstance(error, OSError):
            error = self._lost
        self._upload_ended()
        self._exchange.failed(_timeout_of(self._timer) or root_of(error), stage)
        if self._received:
            self._exchange.received(b"".join(self._received))
        self._over()

    def lost(self, error: BaseException | None) -> None:
        """The peer has gone, or the network has."""
        if self.is_over:
            return
        if self._answered is None:
            self._lost = error
        elif error is not None:
            self._broke_off(error)
        else:
            self.parsed()

    def given_up(self) -> None:
        """The client closes the connection before the exchange has come to its end."""
        error = _timeout_of(self._timer) or sys.exception()
        if self._answered is not None:
            self._left(error if type(error) in _FROM_ABOVE else None)
        elif error is not None:
            self.failed(error, "send")
        elif not self.is_starting:
            self._exchange.abandon()
            self._over()

    def _left(self, error: BaseException | None) -> None:
        if self._content is not None and self._content.is_eof():
            self._complete()  # its end is what the connection is closed for
        elif error is not None:
            self._broke_off(error)
        elif self._answered is not None:
            self._answered.left()
            self._over()

    def timed_out(self, error: BaseException) -> None:
        """Nothing came for as long as the client waits."""
        if self._answered is not None:
            self._broke_off(error)

    def _broke_off(self, error: BaseException) -> None:
        if not self.is_over and self._answered is not None:
            self._answered.broke_off(error)
            self._over()

    def _over(self) -> None:
        self.is_over = True
        self._content = self._timer = self._lost = None
        self._received = []


def _timeout_of(timer: Any) -> BaseException | None:
    """The limit for the whole request, if it was reached: it cancels, and says so later."""
    return TimeoutError() if getattr(timer, "_cancelled", False) else None


def _as_came(reason: str) -> str:
    return reason.encode("utf-8", "surrogateescape").decode("latin-1")


_WIRES: WeakKeyDictionary[Any, _Wire] = WeakKeyDictionary()
"""Exchanges by the protocol of their connection; of one that is over the next takes its place."""


def _of(protocol: Any) -> _Wire | None:
    wire = _WIRES.get(protocol)
    return None if wire is None or wire.is_over else wire


def _begin(request: Any) -> tuple[Exchange, WireRequestRef] | None:
    ref = WireRequestRef(method=request.method, url=request.url, headers=[])
    exchange = Exchange.begin("aiohttp", ref)
    return (exchange, ref) if exchange is not None else None


def _not_connected(
    exchange: Exchange, ref: WireRequestRef, request: Any, error: BaseException
) -> None:
    ref.headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    late = _timeout_of(request._timer) if isinstance(error, CancelledError) else None
    exchange.failed(late or root_of(error), stage_of(error))


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(self: Any, req: Any, *args: Any, **keywords: Any) -> Any:
        begun = None
        with _IN_REQUEST:
            begun = _begin(req)
        if begun is None:
            return await original(self, req, *args, **keywords)
        try:
            connection = await original(self, req, *args, **keywords)
        except BaseException as error:
            with _IN_REQUEST:
                _not_connected(*begun, req, error)
            raise
        with _IN_REQUEST:
            _WIRES[connection.protocol] = _Wire(*begun, req._timer)
        return connection

    return connect


def _start(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def start(self: Any, connection: Any) -> Any:
        wire = None
        with _IN_RESPONSE:
            wire = _of(connection.protocol)
        if wire is None:
            return await original(self, connection)
        wire.is_starting = True
        try:
            started = await original(self, connection)
        except BaseException as error:
            with _IN_RESPONSE:
                wire.failed(error, "headers")
            raise
        with _IN_RESPONSE:
            wire.answered(self)
        return started

    return start


def _write(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _write(self: Any, chunk: Any) -> Any:
        original(self, chunk)
        _wrote(self, (chunk,))

    return _write


def _writelines(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _writelines(self: Any, chunks: Any) -> Any:
        original(self, chunks)
        _wrote(self, chunks)

    return _writelines


def _wrote(writer: Any, chunks: Iterable[Any]) -> None:
    # servers write by the same class; their protocols are of another, which has no weak references
    if hasattr(writer._protocol, "set_response_params"):
        with _IN_REQUEST:
            wire = _of(writer._protocol)
            if wire is not None:
                for chunk in chunks:
                    wire.wrote(chunk)


def _start_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def start_timeout(self: Any) -> Any:
        with _IN_REQUEST:
            wire = _of(self)
            if wire is not None:
                wire.sent()
        return original(self)

    return start_timeout


def _data_received(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def data_received(self: Any, data: bytes) -> Any:
        wire = None
        with _IN_RESPONSE:
            # without data it is our own side that goes on with what came before
            if data and (wire := _of(self)) is not None:
                wire.arrived(self, data)
        result = original(self, data)
        if wire is not None:
            with _IN_RESPONSE:
                wire.parsed()
        return result

    return data_received


def _connection_lost(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connection_lost(self: Any, exc: BaseException | None) -> Any:
        result = original(self, exc)
        with _IN_RESPONSE:
            wire = _of(self)
            if wire is not None:
                wire.lost(exc)
        return result

    return connection_lost


def _on_read_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _on_read_timeout(self: Any) -> Any:
        result = original(self)
        with _IN_RESPONSE:
            wire = _of(self)
            if wire is not None:
                wire.timed_out(self.exception())
        return result

    return _on_read_timeout


def _close(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def close(self: Any) -> Any:
        with _IN_RESPONSE:
            wire = _of(self)
            if wire is not None:
                wire.given_up()
        return original(self)

    return close


register_aiohttp_errors()

LIBRARY = Library(
    name="aiohttp",
    protocol="http",
    module="aiohttp",
    distribution="aiohttp",
    versions=">=3.10",
    requires_span=True,
    changes=(
        Patch("aiohttp.connector:BaseConnector.connect", _connect),
        Patch("aiohttp.client_reqrep:ClientResponse.start", _start),
        Patch("aiohttp.client_proto:ResponseHandler.data_received", _data_received),
        Patch("aiohttp.client_proto:ResponseHandler.connection_lost", _connection_lost),
        Patch("aiohttp.client_proto:ResponseHandler._on_read_timeout", _on_read_timeout),
        Patch("aiohttp.client_proto:ResponseHandler.start_timeout", _start_timeout),
        Patch("aiohttp.client_proto:ResponseHandler.close", _close),
        PatchIfPresent("aiohttp.client_proto:ResponseHandler.abort", _close),
        Patch("aiohttp.http_writer:StreamWriter._write", _write),
        PatchIfPresent("aiohttp.http_writer:StreamWriter._writelines", _writelines),
    ),
    instrumentor=Instrumentor(
        entry_point="aiohttp-client",
        class_name="AioHttpClientInstrumentor",
        distribution="opentelemetry-instrumentation-aiohttp-client",
    ),
)
