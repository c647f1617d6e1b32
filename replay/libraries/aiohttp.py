"""aiohttp's client: connections that lead to the recording; all above them is the library's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.aiohttp import LIBRARY as CAPTURED
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction.body import Body
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequestRef
from timetracer_otel.protocols.http_wire import WireRequestRef
from timetracer_otel.replay.aiohttp_connections import (
    CURRENT,
    directly,
    locally,
    resolving,
    through_tunnel,
)
from timetracer_otel.replay.aiohttp_exchange import ServedExchange
from timetracer_otel.replay.aiohttp_wire import RecordedTransport
from timetracer_otel.replay.http_answers import recorded_exchange, upcoming_exchange
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]


def _ask(request: HttpRequestRef) -> HttpInteraction:
    return recorded_exchange("aiohttp", request)


def _exchange_for(request: Any) -> ServedExchange:
    """Answered at once where all of the request is known, or nobody ever let it out."""

    def ask(written: bytes, *, cut: bool) -> HttpInteraction:
        head, end, rest = written.partition(b"\r\n\r\n")
        body = Body.of(rest)
        if cut:
            body.state = "partial"
        return _ask(WireRequestRef(request.method, request.url, [], body, head=head + end))

    bare = HttpRequestRef(request.method, request.url, _headers_of(request))
    content = _known_content(request)
    following = upcoming_exchange(request.method, str(request.url)) if content != b"" else None
    exchange = ServedExchange(request, ask, following)
    if exchange.is_answered_bare:
        exchange.use(_ask(bare))
    elif content is not None:
        bare.body = Body.of(content) if content else None
        exchange.use(_ask(bare))
    return exchange


def _headers_of(request: Any) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in request.headers.items()]


def _known_content(request: Any) -> bytes | None:
    """The bytes that will go out; None where they are made, or coded, on the way."""
    from aiohttp.payload import BytesPayload

    if request.compress or request._continue is not None:
        return None
    if not request.body:
        return b""
    if isinstance(request.body, BytesPayload):
        return bytes(request.body._value)
    return None


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(self: Any, req: Any, *args: Any, **keywords: Any) -> Any:
        if not serving("aiohttp"):
            return await original(self, req, *args, **keywords)
        exchange = _exchange_for(req)
        token = CURRENT.set(exchange)
        try:
            connection = await original(self, req, *args, **keywords)
            # one of the pool's: there was none when it was recorded
            while exchange.failure is not None:
                connection.close()
                connection = await original(self, req, *args, **keywords)
        finally:
            CURRENT.reset(token)
        transport = connection.transport
        if not isinstance(transport, RecordedTransport):
            connection.close()
            reason = f"{type(self).__qualname__} makes connections in a way of its own"
            raise CannotReplay(subject=f"{req.method} {req.url}", reason=reason)
        transport.begin(exchange)
        return connection

    return connect


def _start_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def start_timeout(self: Any) -> Any:
        if isinstance(self.transport, RecordedTransport):
            self.transport.sent()
        return original(self)

    return start_timeout


def _wait(original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    @wraps(original)
    async def _wait(self: Any, *args: Any, **keywords: Any) -> Any:
        transport = getattr(self._protocol, "transport", None)
        if isinstance(transport, RecordedTransport):
            transport.wanted()
        return await original(self, *args, **keywords)

    return _wait


LIBRARY = CAPTURED.in_replay(
    changes=(
        Patch("aiohttp.connector:BaseConnector.connect", _connect),
        Patch("aiohttp.connector:TCPConnector._create_direct_connection", directly),
        Patch("aiohttp.connector:TCPConnector._start_tls_connection", through_tunnel),
        Patch("aiohttp.connector:UnixConnector._create_connection", locally),
        Patch("aiohttp.connector:NamedPipeConnector._create_connection", locally),
        Patch("aiohttp.resolver:ThreadedResolver.resolve", resolving),
        PatchIfPresent("aiohttp.resolver:AsyncResolver.resolve", resolving),
        Patch("aiohttp.client_proto:ResponseHandler.start_timeout", _start_timeout),
        Patch("aiohttp.streams:StreamReader._wait", _wait),
    ),
)
