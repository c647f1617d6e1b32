"""aiohttp.web: each request in a SERVER span of ours, told from the bytes that go out.

What aiohttp writes is seen below its writer, so that compressed and chunked answers, streams,
files and what it answers by itself are all noted as the client gets them. The request's body is
noted as the application reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry import context as otel_context

from timetracer_otel.aiohttp_serving import SERVING, Serving
from timetracer_otel.capture.inbound import is_excluded, is_untraced
from timetracer_otel.capture.server_span import end_server_span, start_span
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.aiohttp_web import attributes_of, path_of, request_of, route_of
from timetracer_otel.recording import active_recorder, begin_entry, discard_trace, guarded
from timetracer_otel.recording.current import begins_here

__all__ = ["LIBRARY"]

_IN_REQUEST, _IN_END = guarded("aiohttp.web request"), guarded("aiohttp.web end")
_IN_READ, _IN_WRITE = guarded("aiohttp.web read"), guarded("aiohttp.web write")


def _handle_request(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _handle_request(self: Any, request: Any, start_time: Any, handler: Any) -> Any:
        around = None
        # any other handler answers what was no request
        if active_recorder() is not None and handler is self._request_handler:
            with _IN_REQUEST:
                around = _Around.begin(self, request)
        if around is None:
            return await original(self, request, start_time, handler)
        try:
            response, reset = await original(self, request, start_time, handler)
        except BaseException as error:
            around.end(error, reset=True)
            raise
        around.end(None, reset=reset)
        return response, reset

    return _handle_request


class _Around:
    """One request in its span."""

    def __init__(self, protocol: Any, request: Any) -> None:
        self._protocol = protocol
        self._request = request
        self._span, context = start_span(
            request.method, request.headers, attributes_of(request), getter=None
        )
        # the task is the request's own, but for what the connection does in an eager one
        self._token = otel_context.attach(context)
        self._serving: Serving | None = None

    @classmethod
    def begin(cls, protocol: Any, request: Any) -> _Around | None:
        """None where the request is recorded further out, or is not to be traced."""
        if not begins_here() or is_untraced(path_of(request)):
            return None
        around = cls(protocol, request)
        with _IN_REQUEST:
            around._bind()
        return around

    def _bind(self) -> None:
        if is_excluded(path_of(self._request)):
            discard_trace("path")
            return
        noted = request_of(self._request)
        draft = begin_entry("http", "aiohttp.web", noted)
        if draft is not None:
            has_body = self._request.body_exists
            self._serving = Serving(draft, noted, self._request.content if has_body else None)
            SERVING[self._protocol] = self._serving

    def end(self, error: BaseException | None, *, reset: bool) -> None:
        status, route = 0, ""
        with _IN_END:
            route = route_of(self._request)
            SERVING.pop(self._protocol, None)
            if self._serving is not None:
                self._serving.end(error, route, reset=reset)
                status = self._serving.status
        with _IN_END:
            end_server_span(self._span, route=route, status=status, error=error)
        with _IN_END:
            otel_context.detach(self._token)


def _handle_error(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def handle_error(self: Any, request: Any, *args: Any, **keywords: Any) -> Any:
        serving = SERVING.get(self)
        if serving is not None:
            with _IN_END:
                error = keywords.get("exc", args[1] if len(args) > 1 else None)
                if error is not None:
                    serving.raised(error)
        return original(self, request, *args, **keywords)

    return handle_error


def _read_nowait_chunk(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _read_nowait_chunk(self: Any, n: int) -> Any:
        data = original(self, n)
        serving = SERVING.get(self._protocol) if SERVING else None
        if serving is not None:
            with _IN_READ:
                serving.read(self, data)
        return data

    return _read_nowait_chunk


def _unread_data(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def unread_data(self: Any, data: bytes) -> None:
        original(self, data)
        serving = SERVING.get(self._protocol) if SERVING else None
        if serving is not None:
            with _IN_READ:
                serving.put_back(self, data)

    return unread_data


def _write(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _write(self: Any, chunk: Any) -> Any:
        result = original(self, chunk)
        serving = SERVING.get(self._protocol) if SERVING else None
        if serving is not None:
            with _IN_WRITE:
                serving.wrote(chunk)
        return result

    return _write


def _writelines(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _writelines(self: Any, chunks: Any) -> Any:
        result = original(self, chunks)
        serving = SERVING.get(self._protocol) if SERVING else None
        if serving is not None:
            with _IN_WRITE:
                for chunk in chunks:
                    serving.wrote(chunk)
        return result

    return _writelines


def _sendfile(original: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel sends a file: it is read, at its own place, when it has been sent."""

    @wraps(original)
    async def _sendfile(self: Any, request: Any, fobj: Any, offset: int, count: int) -> Any:
        result = await original(self, request, fobj, offset, count)
        serving = SERVING.get(request.protocol)
        if serving is not None:
            with _IN_WRITE:
                serving.sent_file(fobj.fileno(), offset, count)
        return result

    return _sendfile


LIBRARY = Library(
    name="aiohttp_web",
    protocol="http",
    module="aiohttp.web_protocol",
    distribution="aiohttp",
    versions=">=3.10",
    changes=(
        Patch("aiohttp.web_protocol:RequestHandler._handle_request", _handle_request),
        Patch("aiohttp.web_protocol:RequestHandler.handle_error", _handle_error),
        Patch("aiohttp.streams:StreamReader._read_nowait_chunk", _read_nowait_chunk),
        PatchIfPresent("aiohttp.streams:StreamReader.unread_data", _unread_data),
        Patch("aiohttp.http_writer:StreamWriter._write", _write),
        PatchIfPresent("aiohttp.http_writer:StreamWriter._writelines", _writelines),
        Patch("aiohttp.web_fileresponse:FileResponse._sendfile", _sendfile),
    ),
    extra="aiohttp",
)
