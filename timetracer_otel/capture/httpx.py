"""httpx and httpx2: exchanges seen at the transport that would touch the network."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import Any

from timetracer_otel.interaction.body import Body
from timetracer_otel.interaction.failures import Failure
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.protocols.httpx_errors import register_httpx_errors
from timetracer_otel.recording import Draft, begin, guarded

__all__ = ["LIBRARY", "library_for"]


class _Tee:
    """What the streams of both kinds share: the inner stream, and the body it is noted in."""

    def __init__(self, inner: Any, body: Body, response: HttpResponseRef | None) -> None:
        self._inner = inner
        self._body = body
        self._response = response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _broken(self, error: BaseException) -> None:
        with guarded("httpx stream"):
            if isinstance(error, GeneratorExit):
                self._body.finish("partial")
                return
            if self._response is not None and isinstance(error, Exception):
                self._response.error = Failure.of(error)
            self._body.finish("aborted")


def _tees(module: str) -> tuple[type[Any], type[Any]]:
    """Stream classes of `module`'s own kinds that note what passes through them."""
    httpx = importlib.import_module(module)

    class SyncTee(_Tee, httpx.SyncByteStream):  # type: ignore[misc,name-defined]
        def __iter__(self) -> Iterator[bytes]:
            try:
                for chunk in self._inner:
                    self._body.feed(chunk)
                    yield chunk
            except BaseException as error:
                self._broken(error)
                raise
            self._body.finish()

        def close(self) -> None:
            try:
                self._inner.close()
            finally:
                self._body.finish("partial")

    class AsyncTee(_Tee, httpx.AsyncByteStream):  # type: ignore[misc,name-defined]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self._inner:
                    self._body.feed(chunk)
                    yield chunk
            except BaseException as error:
                self._broken(error)
                raise
            self._body.finish()

        async def aclose(self) -> None:
            try:
                await self._inner.aclose()
            finally:
                self._body.finish("partial")

    return SyncTee, AsyncTee


def _begin(library: str, request: Any, tee: type[Any], whole: type[Any]) -> Draft | None:
    ref = HttpRequestRef(
        method=request.method,
        url=str(request.url),
        headers=list(request.headers.raw),
    )
    draft = begin("http", library, ref, own_span=True)
    if draft is None:
        return None
    if isinstance(request.stream, whole):
        ref.body = Body.of(b"".join(request.stream))
    else:
        ref.body = draft.body()
        request.stream = tee(request.stream, ref.body, None)
    return draft


def _answered(draft: Draft, response: Any, tee: type[Any]) -> None:
    extensions = response.extensions
    ref = HttpResponseRef(
        status=response.status_code,
        headers=list(response.headers.raw),
        body=draft.body(),
        reason=extensions.get("reason_phrase", b"").decode("latin-1"),
        http_version=extensions.get("http_version", b"").decode("latin-1"),
    )
    response.stream = tee(response.stream, ref.body, ref)
    draft.answered(ref)


def _finish_request(draft: Draft) -> None:
    body = draft.request.body  # type: ignore[attr-defined]
    if body is not None:
        body.finish("partial")


def _sync_tap(library: str, module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        tee, _ = _tees(module)
        whole = importlib.import_module(module).ByteStream

        @wraps(original)
        def handle_request(self: Any, request: Any) -> Any:
            draft = None
            with guarded("httpx request"):
                draft = _begin(library, request, tee, whole)
            if draft is None:
                return original(self, request)
            try:
                response = original(self, request)
            except BaseException as error:
                with guarded("httpx error"):
                    _finish_request(draft)
                    draft.failed(error, "send")
                raise
            with guarded("httpx response"):
                _finish_request(draft)
                _answered(draft, response, tee)
            return response

        return handle_request

    return wrap


def _async_tap(library: str, module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        _, tee = _tees(module)
        whole = importlib.import_module(module).ByteStream

        @wraps(original)
        async def handle_async_request(self: Any, request: Any) -> Any:
            draft = None
            with guarded("httpx request"):
                draft = _begin(library, request, tee, whole)
            if draft is None:
                return await original(self, request)
            try:
                response = await original(self, request)
            except BaseException as error:
                with guarded("httpx error"):
                    _finish_request(draft)
                    draft.failed(error, "send")
                raise
            with guarded("httpx response"):
                _finish_request(draft)
                _answered(draft, response, tee)
            return response

        return handle_async_request

    return wrap


def library_for(module: str, *, class_name: str, versions: str) -> Library:
    """Httpx under one of its two names."""
    register_httpx_errors()
    return Library(
        name=module,
        protocol="http",
        module=module,
        distribution=module,
        versions=versions,
        requires_span=True,
        changes=(
            Patch(f"{module}:HTTPTransport.handle_request", _sync_tap(module, module)),
            Patch(f"{module}:AsyncHTTPTransport.handle_async_request", _async_tap(module, module)),
        ),
        instrumentor=Instrumentor(
            entry_point=module,
            class_name=class_name,
            distribution="opentelemetry-instrumentation-httpx",
        ),
    )


LIBRARY = library_for("httpx", class_name="HTTPXClientInstrumentor", versions=">=0.26")
