"""aiohttp's client: connections that lead to the recording; all above them is the library's own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from timetracer_otel.capture.aiohttp import LIBRARY as CAPTURED
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.interaction.body import Body
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.aiohttp_errors import RESOLVE
from timetracer_otel.protocols.http_address import bare_url, canonical_url
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequest, HttpRequestRef
from timetracer_otel.protocols.http_wire import WireRequestRef
from timetracer_otel.replay.aiohttp_wire import RecordedTransport, ServedExchange
from timetracer_otel.replay.http_answers import PATIENCE_S, cancelled, nobody_cancels
from timetracer_otel.replay.sessions import answer, current_session, serving

__all__ = ["LIBRARY"]

_CURRENT: ContextVar[ServedExchange | None] = ContextVar("timetracer_aiohttp", default=None)
"""The exchange that a connection is being made for."""


def _ask(request: HttpRequestRef) -> HttpInteraction:
    recorded = answer("http", "aiohttp", request)
    assert isinstance(recorded, HttpInteraction)
    return recorded


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
    following = _next_like(bare) if content != b"" else None
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


def _next_like(request: HttpRequestRef) -> HttpInteraction | None:
    """The next recorded request of its method and URL, whatever its body."""
    address = canonical_url(bare_url(str(request.url)))

    def like(recorded: HttpRequest) -> bool:
        return recorded.method == request.method and canonical_url(recorded.url) == address

    session = current_session()
    found = session.upcoming("http", like) if session is not None else None
    return found if isinstance(found, HttpInteraction) else None


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(self: Any, req: Any, *args: Any, **keywords: Any) -> Any:
        if not serving("aiohttp"):
            return await original(self, req, *args, **keywords)
        exchange = _exchange_for(req)
        token = _CURRENT.set(exchange)
        try:
            connection = await original(self, req, *args, **keywords)
            while exchange.failure is not None:  # it came from the pool: not so when it was recorded
                connection.close()
                connection = await original(self, req, *args, **keywords)
        finally:
            _CURRENT.reset(token)
        transport = connection.transport
        if not isinstance(transport, RecordedTransport):
            connection.close()
            reason = f"{type(self).__qualname__} makes connections in a way of its own"
            raise CannotReplay(subject=f"{req.method} {req.url}", reason=reason)
        transport.begin(exchange)
        return connection

    return connect


def _create_direct_connection(original: Callable[..., Any]) -> Callable[..., Any]:
    from aiohttp.client_exceptions import ClientConnectorError

    @wraps(original)
    async def _create_direct_connection(
        self: Any, req: Any, traces: Any, timeout: Any, *, client_error: Any = ClientConnectorError
    ) -> Any:
        exchange = _CURRENT.get()
        if exchange is None:
            return await original(self, req, traces, timeout, client_error=client_error)
        await asyncio.sleep(0)  # the network would have let other tasks run
        await _look_up(self, req, traces, exchange)
        tunnelled = exchange.request.proxy is not None and exchange.request.is_ssl()
        if not (tunnelled and _is_of_the_tunnel(exchange)):
            await _fail(exchange, lambda error: client_error(req.connection_key, error), req)
        transport = _connected(self)
        if tunnelled:
            transport.tunnel(_answer_of_proxy(exchange))
        return transport, transport.get_protocol()

    return _create_direct_connection


def _connected(connector: Any) -> RecordedTransport:
    return RecordedTransport(connector._loop, connector._factory())


async def _look_up(connector: Any, req: Any, traces: Any, exchange: ServedExchange) -> None:
    """The connector's cache and its events; a resolver of the application's own is not asked."""
    from aiohttp.client_exceptions import ClientConnectorDNSError
    from aiohttp.resolver import AsyncResolver, ThreadedResolver

    host = req.url.raw_host
    if host.endswith(".."):
        host = host.rstrip(".") + "."
    try:
        if isinstance(getattr(connector, "_resolver", None), AsyncResolver | ThreadedResolver):
            await connector._resolve_host(host, req.port, traces=traces)
        if exchange.failure is not None and exchange.failure.stage == RESOLVE:
            raise decode_error(exchange.failure)
    except OSError as error:
        if error.errno is None and isinstance(error, TimeoutError):
            raise
        raise ClientConnectorDNSError(req.connection_key, error) from error


def _resolve(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def resolve(self: Any, host: str, port: int = 0, *args: Any, **keywords: Any) -> Any:
        exchange = _CURRENT.get()
        if exchange is None:
            return await original(self, host, port, *args, **keywords)
        if exchange.failure is not None and exchange.failure.stage == RESOLVE:
            raise decode_error(exchange.failure)
        family, flags = socket.AF_INET, socket.AI_NUMERICHOST
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": family}
        return [{**found, "proto": 0, "flags": flags}]

    return resolve


async def _fail(exchange: ServedExchange, wrapped: Callable[[OSError], Any], req: Any) -> None:
    """Raise what was recorded in place of a connection, wrapped as the library does."""
    from aiohttp import client_exceptions as known

    failure = exchange.failure
    if failure is None:
        return
    if failure.type == "TimeoutError" and failure.cause is None:
        exchange.request._timer.timeout()  # the limit for the whole request: it cancels this task
        await asyncio.sleep(PATIENCE_S)
    if cancelled(failure):  # the application gave up; it will again
        await asyncio.sleep(PATIENCE_S)
        raise nobody_cancels(exchange.title)
    try:
        raise decode_error(failure)
    except known.ClientError:
        raise
    except known.cert_errors as error:
        raise known.ClientConnectorCertificateError(req.connection_key, error) from error
    except known.ssl_errors as error:
        raise known.ClientConnectorSSLError(req.connection_key, error) from error
    except OSError as error:
        if error.errno is None and isinstance(error, TimeoutError):
            raise
        raise wrapped(error) from error


def _is_of_the_tunnel(exchange: ServedExchange) -> bool:
    """Whether it was not the proxy that could not be reached, but the proxy or TLS that refused."""
    return exchange.failure is not None and (
        exchange.failure.module == "ssl" or exchange.failure.type == "HttpProcessingError"
    )


def _answer_of_proxy(exchange: ServedExchange) -> bytes:
    failure = exchange.failure
    if failure is None or failure.type != "HttpProcessingError":
        return b"HTTP/1.1 200 Connection established\r\n\r\n"
    said: Any = decode_error(failure)
    lines = "".join(f"{line}\r\n" for line in getattr(said, "header_lines", ()))
    return f"HTTP/1.1 {said.code} {said.message}\r\n{lines}\r\n".encode()


def _start_tls_connection(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _start_tls_connection(
        self: Any, underlying_transport: Any, req: Any, *args: Any, **keywords: Any
    ) -> Any:
        exchange = _CURRENT.get()
        if exchange is None:
            return await original(self, underlying_transport, req, *args, **keywords)
        underlying_transport.close()
        await _fail(exchange, lambda error: error, req)
        transport = _connected(self)
        return transport, transport.get_protocol()

    return _start_tls_connection


def _create_local_connection(original: Callable[..., Any]) -> Callable[..., Any]:
    """Of a UnixConnector, or one of named pipes."""
    from aiohttp import client_exceptions as known

    @wraps(original)
    async def _create_connection(self: Any, req: Any, *args: Any, **keywords: Any) -> Any:
        exchange = _CURRENT.get()
        if exchange is None:
            return await original(self, req, *args, **keywords)
        await asyncio.sleep(0)

        def wrapped(error: OSError) -> Any:
            if hasattr(known, "UnixClientConnectorError") and "Unix" in type(self).__name__:
                return known.UnixClientConnectorError(self.path, req.connection_key, error)
            return known.ClientConnectorError(req.connection_key, error)

        await _fail(exchange, wrapped, req)
        return _connected(self).get_protocol()

    return _create_connection


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


LIBRARY = Library(
    name=CAPTURED.name,
    protocol=CAPTURED.protocol,
    module=CAPTURED.module,
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=(
        Patch("aiohttp.connector:BaseConnector.connect", _connect),
        Patch("aiohttp.connector:TCPConnector._create_direct_connection", _create_direct_connection),
        Patch("aiohttp.connector:TCPConnector._start_tls_connection", _start_tls_connection),
        Patch("aiohttp.connector:UnixConnector._create_connection", _create_local_connection),
        Patch("aiohttp.connector:NamedPipeConnector._create_connection", _create_local_connection),
        Patch("aiohttp.resolver:ThreadedResolver.resolve", _resolve),
        PatchIfPresent("aiohttp.resolver:AsyncResolver.resolve", _resolve),
        Patch("aiohttp.client_proto:ResponseHandler.start_timeout", _start_timeout),
        Patch("aiohttp.streams:StreamReader._wait", _wait),
    ),
)
