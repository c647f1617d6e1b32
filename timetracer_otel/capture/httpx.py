"""httpx and httpx2: exchanges seen at the transport that would touch the network."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import Any

from timetracer_otel.http_exchange import Exchange, Noted, NotedLater, Passing
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.protocols.httpx_errors import register_httpx_errors
from timetracer_otel.protocols.httpx_extensions import described
from timetracer_otel.recording import guarded
from timetracer_otel.recording.current import IN_FORCE

__all__ = ["LIBRARY", "library_for"]

_IN_REQUEST, _IN_RESPONSE, _IN_ERROR = map(
    guarded, ("httpx request", "httpx response", "httpx error")
)


class _Tee:
    """What the streams of both kinds share: the stream they stand for, and who notes it."""

    def __init__(self, inner: Any, passing: Passing) -> None:
        self._inner = inner
        self._passing = passing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Kind:
    """One of httpx's two names: its classes, and streams of its own kinds that are noted."""

    def __init__(self, module: str) -> None:
        httpx = importlib.import_module(module)
        self.library = module
        self.whole: type[Any] = httpx.ByteStream

        class SyncTee(_Tee, httpx.SyncByteStream):  # type: ignore[misc,name-defined]
            def __iter__(self) -> Iterator[bytes]:
                return Noted(self._inner, self._passing)

            def close(self) -> None:
                try:
                    self._inner.close()
                finally:
                    self._passing.left()

        class AsyncTee(_Tee, httpx.AsyncByteStream):  # type: ignore[misc,name-defined]
            def __aiter__(self) -> AsyncIterator[bytes]:
                return NotedLater(self._inner, self._passing)

            async def aclose(self) -> None:
                try:
                    await self._inner.aclose()
                finally:
                    self._passing.left()

        self.tees: tuple[type[_Tee], type[_Tee]] = (SyncTee, AsyncTee)


class _Call:
    """One call of a transport, which records: it has begun when this is made.

    The request and the response stay the objects they are. What is read of the network passes
    below the response's own stream; the request's stream is exchanged until the call is over.
    """

    __slots__ = ("_exchange", "_kind", "_request", "_stream", "_tee")

    def __init__(self, kind: _Kind, tee: type[_Tee], request: Any) -> None:
        self._kind = kind
        self._tee = tee
        self._request = request
        self._stream: Any = None
        self._exchange: Exchange | None = None
        try:
            ref = HttpRequestRef(request.method, request.url, request.headers.raw)
            exchange = self._exchange = Exchange.begin(kind.library, ref)
            if exchange is None:
                return
            stream = request.stream
            if isinstance(stream, kind.whole):
                exchange.sends(b"".join(stream))
            else:
                passing = exchange.sending()
                request.stream = tee(stream, passing)
                self._stream = stream
        except Exception:  # counted and logged once; the call goes on
            with _IN_REQUEST:
                raise

    def answered(self, response: Any) -> Any:
        """`response`, as it is."""
        if self._stream is not None:
            self._request.stream = self._stream
        exchange = self._exchange
        if exchange is not None:
            try:
                self._note(exchange, response)
            except BaseException:
                with _IN_ERROR:
                    exchange.abandon()
                with _IN_RESPONSE:
                    raise
        return response

    def _note(self, exchange: Exchange, response: Any) -> None:
        extensions = response.extensions
        ref = HttpResponseRef(
            status=response.status_code,
            headers=response.headers.raw,
            reason=extensions.get("reason_phrase", b"").decode("latin-1"),
            http_version=extensions.get("http_version", b"").decode("latin-1"),
            extensions=described(extensions),
        )
        stream = response.stream
        if isinstance(stream, self._kind.whole):
            exchange.answered_whole(ref, b"".join(stream))
            return
        passing = exchange.answered(ref)
        if hasattr(stream, "_httpcore_stream"):
            # below what maps httpcore's errors to httpx's: a replay has them mapped again
            stream._httpcore_stream = self._tee(stream._httpcore_stream, passing)
        else:  # from a transport that something else has replaced
            response.stream = self._tee(stream, passing)

    def failed(self, error: BaseException) -> None:
        """`error` came in place of a response."""
        if self._stream is not None:
            self._request.stream = self._stream
        if self._exchange is not None:
            with _IN_ERROR:
                self._exchange.failed(error)


def _sync_tap(module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        kind = _Kind(module)
        tee, _ = kind.tees

        @wraps(original)
        def handle_request(self: Any, request: Any) -> Any:
            if IN_FORCE.recorder is None:
                return original(self, request)
            call = _Call(kind, tee, request)
            try:
                response = original(self, request)
            except BaseException as error:
                call.failed(error)
                raise
            return call.answered(response)

        return handle_request

    return wrap


def _async_tap(module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        kind = _Kind(module)
        _, tee = kind.tees

        @wraps(original)
        async def handle_async_request(self: Any, request: Any) -> Any:
            if IN_FORCE.recorder is None:
                return await original(self, request)
            call = _Call(kind, tee, request)
            try:
                response = await original(self, request)
            except BaseException as error:
                call.failed(error)
                raise
            return call.answered(response)

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
            Patch(f"{module}:HTTPTransport.handle_request", _sync_tap(module)),
            Patch(f"{module}:AsyncHTTPTransport.handle_async_request", _async_tap(module)),
        ),
        instrumentor=Instrumentor(
            entry_point=module,
            class_name=class_name,
            distribution="opentelemetry-instrumentation-httpx",
        ),
    )


LIBRARY = library_for("httpx", class_name="HTTPXClientInstrumentor", versions=">=0.26")
