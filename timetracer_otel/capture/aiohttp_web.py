"""aiohttp.web: every request of its server, inside its SERVER span or with one of our own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.aiohttp_web_exchange import PASSING, WebExchange
from timetracer_otel.capture.aiohttp_web_files import SentFile
from timetracer_otel.capture.aiohttp_web_uploads import CODED, READING, expect_coded, note_coded
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, PatchIfPresent, WhenImported
from timetracer_otel.recording import active_recorder, guarded

__all__ = ["LIBRARY", "begun"]

_IN_REQUEST, _IN_READ = guarded("aiohttp.web request"), guarded("aiohttp.web read")
_IN_WRITE, _IN_END = guarded("aiohttp.web write"), guarded("aiohttp.web end")

_INSTRUMENTOR = "opentelemetry.instrumentation.aiohttp_server"
_MARK = "__timetracer_inside__"


def _handling(original: Callable[..., Any]) -> Callable[..., Any]:
    """Around the handler, its middlewares, the error pages and the sending of the response."""

    @wraps(original)
    async def _handle_request(self: Any, request: Any, *args: Any, **keywords: Any) -> Any:
        exchange = None
        if active_recorder() is not None:
            with _IN_REQUEST:
                exchange = await begun(self, request, args)
        if exchange is None:
            return await original(self, request, *args, **keywords)
        try:
            result = await original(self, request, *args, **keywords)
        except BaseException as error:
            with _IN_END:
                exchange.end(error)
            raise
        with _IN_END:
            exchange.end()
        return result

    return _handle_request


async def begun(protocol: Any, request: Any, args: tuple[Any, ...]) -> WebExchange | None:
    """The exchange of a request that is about to be handled; a replay may wait for its body."""
    return WebExchange.begin(request, has_span=_is_instrumented(protocol, args))


def _is_instrumented(protocol: Any, args: tuple[Any, ...]) -> bool:
    """Whether OpenTelemetry's middleware, with ours around it, makes the span."""
    handler = args[1] if len(args) > 1 else protocol._request_handler
    middlewares = getattr(getattr(handler, "__self__", None), "_middlewares", ())
    return any(hasattr(one, _MARK) for one in middlewares)


def _within_middleware(original: Callable[..., Any]) -> Callable[..., Any]:
    """OpenTelemetry's middleware: the request is recorded in its span."""

    @wraps(original)
    async def middleware(request: Any, handler: Callable[..., Any]) -> Any:
        exchange = PASSING.get(request._payload_writer)
        if exchange is None:
            return await original(request, handler)

        async def inside(inner: Any) -> Any:
            with _IN_REQUEST:
                exchange.bind_here()
            return await handler(inner)

        try:
            return await original(request, inside)
        finally:  # what a response's body asks is in the trace too
            with _IN_REQUEST:
                exchange.stay_here()

    setattr(middleware, _MARK, True)
    return middleware


def _creating(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def create_aiohttp_middleware(*args: Any, **keywords: Any) -> Any:
        return _within_middleware(original(*args, **keywords))

    return create_aiohttp_middleware


def _failing(original: Callable[..., Any]) -> Callable[..., Any]:
    """What was not handled is answered with an error page: the reason is noted."""

    @wraps(original)
    def handle_error(self: Any, request: Any, *args: Any, **keywords: Any) -> Any:
        exchange = PASSING.get(request._payload_writer)
        if exchange is not None:
            with _IN_END:
                exchange.raised()
        return original(self, request, *args, **keywords)

    return handle_error


def _reading(original: Callable[..., bytes]) -> Callable[..., bytes]:
    @wraps(original)
    def _read_nowait_chunk(self: Any, n: int) -> bytes:
        data = original(self, n)
        if READING:
            upload = READING.get(self)
            if upload is not None:
                with _IN_READ:
                    upload.read(self, data)
        return data

    return _read_nowait_chunk


def _decoding(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, out: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        if active_recorder() is not None:
            with _IN_READ:
                expect_coded(out)
        original(self, out, *args, **keywords)

    return __init__


def _feeding(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def feed_data(self: Any, chunk: bytes, *args: Any) -> Any:
        if chunk and (CODED or READING):
            with _IN_READ:
                note_coded(self.out, chunk)
        return original(self, chunk, *args)

    return feed_data


def _losing(original: Callable[..., None]) -> Callable[..., None]:
    """Requests that have not begun by then never will."""

    @wraps(original)
    def connection_lost(self: Any, *args: Any) -> None:
        CODED.pop(self, None)
        original(self, *args)

    return connection_lost


def _preparing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _prepare_headers(self: Any) -> None:
        exchange = PASSING.get(self._payload_writer)
        if exchange is not None:
            with _IN_WRITE:
                exchange.prepares(self._headers)
        await original(self)

    return _prepare_headers


def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def write_headers(self: Any, status_line: str, headers: Any) -> None:
        exchange = PASSING.get(self)
        if exchange is not None:
            with _IN_WRITE:
                exchange.starts(status_line, headers)
        await original(self, status_line, headers)

    return write_headers


def _compressing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def enable_compression(self: Any, *args: Any, **keywords: Any) -> None:
        original(self, *args, **keywords)
        exchange = PASSING.get(self)
        if exchange is not None:
            with _IN_WRITE:
                self._compress = exchange.compressing(self._compress)

    return enable_compression


def _writing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def write(self: Any, chunk: Any, *args: Any, **keywords: Any) -> None:
        exchange = PASSING.get(self)
        if exchange is not None:
            with _IN_WRITE:
                exchange.writes(self, chunk)
        await original(self, chunk, *args, **keywords)

    return write


def _ending(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def write_eof(self: Any, chunk: Any = b"") -> None:
        exchange = PASSING.get(self)
        if exchange is None or self._eof:
            await original(self, chunk)
            return
        with _IN_WRITE:
            exchange.writes(self, chunk)
        await original(self, chunk)
        with _IN_WRITE:
            exchange.wrote_all()

    return write_eof


def _sending_file(original: Callable[..., Any]) -> Callable[..., Any]:
    """A file that the kernel sends passes no writer: it is read again when it has been sent."""

    @wraps(original)
    async def _sendfile(self: Any, request: Any, fobj: Any, offset: int, count: int) -> Any:
        exchange, file = PASSING.get(request._payload_writer), None
        if exchange is not None:
            with _IN_WRITE:
                file = exchange.file = SentFile.of(fobj, offset, count)
        if exchange is None or file is None:
            return await original(self, request, fobj, offset, count)
        try:
            result = await original(self, request, fobj, offset, count)
        except BaseException:
            with _IN_WRITE:
                exchange.sent_file(file, whole=False)
            raise
        with _IN_WRITE:
            exchange.sent_file(file, whole=True)
        return result

    return _sendfile


_WRITER = "aiohttp.http_writer:StreamWriter"

LIBRARY = Library(
    name="aiohttp_web",
    protocol="http",
    module="aiohttp.web",
    distribution="aiohttp",
    versions=">=3.10",
    extra="aiohttp",
    changes=(
        Patch("aiohttp.web_protocol:RequestHandler._handle_request", _handling),
        Patch("aiohttp.web_protocol:RequestHandler.handle_error", _failing),
        Patch("aiohttp.web_protocol:RequestHandler.connection_lost", _losing),
        Patch("aiohttp.http_parser:DeflateBuffer.__init__", _decoding),
        Patch("aiohttp.http_parser:DeflateBuffer.feed_data", _feeding),
        Patch("aiohttp.streams:StreamReader._read_nowait_chunk", _reading),
        Patch("aiohttp.web_response:StreamResponse._prepare_headers", _preparing),
        Patch("aiohttp.web_fileresponse:FileResponse._sendfile", _sending_file),
        Patch(f"{_WRITER}.write_headers", _starting),
        Patch(f"{_WRITER}.enable_compression", _compressing),
        Patch(f"{_WRITER}.write", _writing),
        Patch(f"{_WRITER}.write_eof", _ending),
        WhenImported(
            _INSTRUMENTOR,
            (
                Patch(f"{_INSTRUMENTOR}:middleware", _within_middleware),
                # from 0.60b0 on: one for each tracer provider
                PatchIfPresent(f"{_INSTRUMENTOR}:create_aiohttp_middleware", _creating),
            ),
        ),
    ),
)
