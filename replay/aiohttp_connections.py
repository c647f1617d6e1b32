"""How aiohttp's client comes by a connection in a replay: nothing is looked up, nothing opened.

What kept the recording from one is raised where it came from; the library wraps it as it did.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from timetracer_otel.interaction import decode_error
from timetracer_otel.protocols.aiohttp_errors import RESOLVE
from timetracer_otel.replay.aiohttp_exchange import ServedExchange
from timetracer_otel.replay.aiohttp_wire import RecordedTransport
from timetracer_otel.replay.recorded_failures import (
    patience_s,
    wait_to_be_cancelled,
    was_cancelled,
)

__all__ = ["CURRENT", "directly", "locally", "resolving", "through_tunnel"]

CURRENT: ContextVar[ServedExchange | None] = ContextVar("timetracer_aiohttp", default=None)
"""The exchange that a connection is being made for."""


def directly(original: Callable[..., Any]) -> Callable[..., Any]:
    from aiohttp.client_exceptions import ClientConnectorError

    @wraps(original)
    async def _create_direct_connection(
        self: Any,
        req: Any,
        traces: Any,
        timeout: Any,  # noqa: ASYNC109 - the library's own
        *,
        client_error: Any = ClientConnectorError,
    ) -> Any:
        exchange = CURRENT.get()
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


def resolving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def resolve(self: Any, host: str, port: int = 0, *args: Any, **keywords: Any) -> Any:
        exchange = CURRENT.get()
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
        await asyncio.sleep(patience_s())
    if was_cancelled(failure):
        await wait_to_be_cancelled(exchange.title)
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


def through_tunnel(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _start_tls_connection(
        self: Any, underlying_transport: Any, req: Any, *args: Any, **keywords: Any
    ) -> Any:
        exchange = CURRENT.get()
        if exchange is None:
            return await original(self, underlying_transport, req, *args, **keywords)
        underlying_transport.close()
        await _fail(exchange, lambda error: error, req)
        transport = _connected(self)
        return transport, transport.get_protocol()

    return _start_tls_connection


def locally(original: Callable[..., Any]) -> Callable[..., Any]:
    """Of a UnixConnector, or one of named pipes."""
    from aiohttp import client_exceptions as known

    @wraps(original)
    async def _create_connection(self: Any, req: Any, *args: Any, **keywords: Any) -> Any:
        exchange = CURRENT.get()
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
