"""httpx and httpx2: the transport answers from the recording, the rest is the library's own."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import Any

from timetracer_otel.capture.httpx import LIBRARY as CAPTURED
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.interaction.body import Body
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.bodies import wire_chunks
from timetracer_otel.protocols.http_parts import (
    HttpInteraction,
    HttpRequestRef,
    HttpResponse,
    header_pairs,
)
from timetracer_otel.replay.sessions import answer, serving

__all__ = ["LIBRARY", "library_for"]


def _stream_of(module: str) -> type[Any]:
    httpx = importlib.import_module(module)

    class RecordedStream(httpx.SyncByteStream, httpx.AsyncByteStream):  # type: ignore[misc,name-defined]
        """The recorded chunks, and the recorded error where the body broke off."""

        def __init__(self, chunks: list[bytes], error: BaseException | None) -> None:
            self._chunks = chunks
            self._error = error

        def __iter__(self) -> Iterator[bytes]:
            yield from self._chunks
            if self._error is not None:
                raise self._error

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in self._chunks:
                yield chunk
            if self._error is not None:
                raise self._error

    return RecordedStream


def _served(httpx: Any, stream: type[Any], recorded: Any, request: Any) -> Any:
    assert isinstance(recorded, HttpInteraction)
    if recorded.error is not None:
        raise _with_request(decode_error(recorded.error), request)
    answer = recorded.response
    if answer is None:
        reason = f"{recorded.title} had no outcome when it was recorded"
        raise CannotReplay(subject=recorded.title, reason=reason)
    chunks = wire_chunks(answer.body, title=recorded.title) if answer.body is not None else []
    broken = _with_request(decode_error(answer.error), request) if answer.error else None
    return httpx.Response(
        answer.status,
        headers=header_pairs(answer.headers),
        stream=stream(chunks, broken),
        extensions=_extensions(answer),
    )


def _with_request(error: BaseException, request: Any) -> BaseException:
    if hasattr(type(error), "request"):
        error.request = request  # type: ignore[attr-defined]
    return error


def _extensions(answer: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = {"http_version": answer.http_version.encode("latin-1")}
    if answer.http_version.startswith("HTTP/1"):
        found["reason_phrase"] = answer.reason.encode("latin-1")
    return found


def _ref(request: Any, content: bytes) -> HttpRequestRef:
    return HttpRequestRef(
        method=request.method,
        url=str(request.url),
        headers=request.headers.raw,
        body=Body.of(content),
    )


def _sync(library: str, module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        httpx, stream = importlib.import_module(module), _stream_of(module)

        @wraps(original)
        def handle_request(self: Any, request: Any) -> Any:
            if not serving(library):
                return original(self, request)
            content = b"".join(request.stream)
            return _served(httpx, stream, answer("http", library, _ref(request, content)), request)

        return handle_request

    return wrap


def _async(library: str, module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        httpx, stream = importlib.import_module(module), _stream_of(module)
        from anyio.lowlevel import checkpoint

        @wraps(original)
        async def handle_async_request(self: Any, request: Any) -> Any:
            if not serving(library):
                return await original(self, request)
            content = b"".join([chunk async for chunk in request.stream])
            # the network would have let other tasks run
            await checkpoint()
            return _served(httpx, stream, answer("http", library, _ref(request, content)), request)

        return handle_async_request

    return wrap


def library_for(captured: Library) -> Library:
    """The replay side of one of httpx's two names."""
    name = captured.name
    return Library(
        name=name,
        protocol="http",
        module=name,
        distribution=captured.distribution,
        versions=captured.versions,
        changes=(
            Patch(f"{name}:HTTPTransport.handle_request", _sync(name, name)),
            Patch(f"{name}:AsyncHTTPTransport.handle_async_request", _async(name, name)),
        ),
    )


LIBRARY = library_for(CAPTURED)
