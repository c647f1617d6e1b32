"""aiohttp's client: the bytes of each exchange, as they pass between protocol and transport."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.aiohttp_exchange import PASSING, WireExchange, timeout_of
from timetracer_otel.http_exchange import Exchange
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.aiohttp_errors import register_aiohttp_errors, root_of, stage_of
from timetracer_otel.protocols.http_wire import WireRequestRef
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]

_IN_REQUEST = guarded("aiohttp request")
_IN_RESPONSE = guarded("aiohttp response")


def _begin(request: Any) -> tuple[Exchange, WireRequestRef] | None:
    ref = WireRequestRef(method=request.method, url=request.url, headers=[])
    exchange = Exchange.begin("aiohttp", ref)
    return (exchange, ref) if exchange is not None else None


def _not_connected(
    exchange: Exchange, ref: WireRequestRef, request: Any, error: BaseException
) -> None:
    ref.headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    late = timeout_of(request._timer) if isinstance(error, CancelledError) else None
    exchange.failed(late or root_of(error), stage_of(error))


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(self: Any, req: Any, *args: Any, **keywords: Any) -> Any:
        begun = None
        try:
            begun = _begin(req)
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _IN_REQUEST:
                raise
        if begun is None:
            return await original(self, req, *args, **keywords)
        try:
            connection = await original(self, req, *args, **keywords)
        except BaseException as error:
            with _IN_REQUEST:
                _not_connected(*begun, req, error)
            raise
        try:
            WireExchange(*begun, req._timer, connection.protocol)
        except Exception:
            with _IN_REQUEST:
                raise
        return connection

    return connect


def _start(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def start(self: Any, connection: Any) -> Any:
        wire = PASSING.get(connection.protocol)
        if wire is None:
            return await original(self, connection)
        wire.is_starting = True
        try:
            started = await original(self, connection)
        except BaseException as error:
            with _IN_RESPONSE:
                wire.failed(error, "headers")
            raise
        try:
            wire.answered(self)
        except Exception:
            with _IN_RESPONSE:
                raise
        return started

    return start


def _write(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _write(self: Any, chunk: Any) -> Any:
        result = original(self, chunk)
        # servers write by the same class; their protocols are never among these
        wire = PASSING.get(self._protocol)
        if wire is not None:
            try:
                wire.wrote(chunk)
            except Exception:
                with _IN_REQUEST:
                    raise
        return result

    return _write


def _writelines(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _writelines(self: Any, chunks: Any) -> Any:
        result = original(self, chunks)
        wire = PASSING.get(self._protocol)
        if wire is not None:
            with _IN_REQUEST:
                for chunk in chunks:
                    wire.wrote(chunk)
        return result

    return _writelines


def _start_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def start_timeout(self: Any) -> Any:
        wire = PASSING.get(self)
        if wire is not None:
            wire.is_sent = True
        return original(self)

    return start_timeout


def _data_received(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def data_received(self: Any, data: bytes) -> Any:
        # without data it is our own side that goes on with what came before
        wire = PASSING.get(self) if data else None
        if wire is None:
            return original(self, data)
        try:
            wire.arrived(data)
        except Exception:
            with _IN_RESPONSE:
                raise
        result = original(self, data)
        if wire.content is not None:
            with _IN_RESPONSE:
                wire.parsed()
        return result

    return data_received


def _connection_lost(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connection_lost(self: Any, exc: BaseException | None) -> Any:
        result = original(self, exc)
        wire = PASSING.get(self)
        if wire is not None:
            with _IN_RESPONSE:
                wire.lost(exc)
        return result

    return connection_lost


def _on_read_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _on_read_timeout(self: Any) -> Any:
        result = original(self)
        wire = PASSING.get(self)
        if wire is not None:
            with _IN_RESPONSE:
                wire.timed_out(self.exception())
        return result

    return _on_read_timeout


def _close(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def close(self: Any) -> Any:
        wire = PASSING.get(self)
        if wire is not None:
            with _IN_RESPONSE:
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
