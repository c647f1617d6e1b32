"""httpx and httpx2: the transport answers from the recording, the rest is the library's own."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import Any

from timetracer_otel.capture.httpx import LIBRARY as CAPTURED
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction.body import Body
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequestRef
from timetracer_otel.replay.http_answers import (
    Answer,
    Upload,
    answer_of,
    recorded_exchange,
)
from timetracer_otel.replay.recorded_failures import wait_to_be_cancelled, was_cancelled
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY", "library_for"]


class _Recorded:
    """What httpcore's streams of a response's body would have given."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._answer.chunks:
            yield chunk
        if self._answer.waits:
            from anyio import sleep

            await wait_to_be_cancelled(self._answer.title, sleep)
        if self._answer.ends_in is not None:
            raise self._answer.ends_in

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""


class _Wire:
    """The recorded side of a network stream: it tells its addresses and carries nothing."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def get_extra_info(self, info: str) -> Any:
        told = self._answer.extensions
        if info in ("server_addr", "client_addr"):
            address = told.get(info)
            return tuple(address) if isinstance(address, list) else address
        if info == "is_readable":
            return False
        if info == "socket" or (info == "ssl_object" and told.get("tls")):
            raise self._refusal(f"`{info}` is of a connection, and there is none in a replay")
        return None

    def _refusal(self, reason: str) -> CannotReplay:
        return CannotReplay(subject=self._answer.title, reason=reason)

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""


def _ref(request: Any) -> HttpRequestRef:
    return HttpRequestRef(request.method, request.url, request.headers.raw)


class _Kind:
    """One of httpx's two names, and what it makes a response of."""

    def __init__(self, module: str) -> None:
        httpx = importlib.import_module(module)
        default = importlib.import_module(f"{module}._transports.default")
        httpcore = importlib.import_module(module.replace("httpx", "httpcore"))
        self.library = module
        self._whole: type[Any] = httpx.ByteStream
        self._response: type[Any] = httpx.Response
        self.sync_stream: type[Any] = default.ResponseStream
        self.async_stream: type[Any] = default.AsyncResponseStream

        class Wire(_Wire, httpcore.NetworkStream):  # type: ignore[misc,name-defined]
            def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
                raise self._refusal("what was read from its connection itself is not recorded")

            def write(self, buffer: bytes, timeout: float | None = None) -> None:
                raise self._refusal("what is written to its connection itself goes nowhere")

        class AsyncWire(_Wire, httpcore.AsyncNetworkStream):  # type: ignore[misc,name-defined]
            async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
                raise self._refusal("what was read from its connection itself is not recorded")

            async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
                raise self._refusal("what is written to its connection itself goes nowhere")

        self._wires = {self.sync_stream: Wire, self.async_stream: AsyncWire}

    def upload(self, request: Any) -> Upload | None:
        """The request's body, where it comes piece by piece."""
        if isinstance(request.stream, self._whole):
            return None
        return Upload(self.library, _ref(request))

    def recorded(self, request: Any, sent: HttpRequestRef | None) -> HttpInteraction:
        """What was recorded for `request`. Raises `MissingRecording`."""
        if sent is None:
            sent = _ref(request)
            sent.body = Body.of(b"".join(request.stream))
        return recorded_exchange(self.library, sent)

    def served(self, found: HttpInteraction, request: Any, stream: type[Any]) -> Any:
        """The response, made as the transport makes it; or the recorded error."""
        try:
            answer = answer_of(found)
        except Exception as error:
            if hasattr(type(error), "request"):
                error.request = request  # type: ignore[attr-defined]
            raise
        return self._response(
            status_code=answer.status,
            headers=answer.headers,
            stream=stream(_Recorded(answer)),
            extensions=self._extensions(answer, stream),
        )

    def _extensions(self, answer: Answer, stream: type[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"http_version": answer.http_version.encode("latin-1")}
        if answer.http_version.startswith("HTTP/1"):
            found["reason_phrase"] = answer.reason.encode("latin-1")
        found["network_stream"] = self._wires[stream](answer)
        if "stream_id" in answer.extensions:
            found["stream_id"] = answer.extensions["stream_id"]
        return found


def _sent(upload: Upload, request: Any) -> HttpRequestRef:
    """What goes out of a synchronous request's stream."""
    with upload:
        if upload.is_wanted:
            for chunk in request.stream:
                if upload.is_enough(chunk):
                    return upload.whole(cut=True)
    return upload.whole(cut=not upload.is_wanted)


async def _sent_later(upload: Upload, request: Any) -> HttpRequestRef:
    """What goes out of an asynchronous request's stream."""
    with upload:
        if upload.is_wanted:
            async for chunk in request.stream:
                if upload.is_enough(chunk):
                    return upload.whole(cut=True)
    return upload.whole(cut=not upload.is_wanted)


def _sync(module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        kind = _Kind(module)
        stream = kind.sync_stream

        @wraps(original)
        def handle_request(self: Any, request: Any) -> Any:
            if not serving(module):
                return original(self, request)
            upload = kind.upload(request)
            sent = _sent(upload, request) if upload is not None else None
            return kind.served(kind.recorded(request, sent), request, stream)

        return handle_request

    return wrap


def _async(module: str) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        from anyio import sleep
        from anyio.lowlevel import checkpoint

        kind = _Kind(module)
        stream = kind.async_stream

        @wraps(original)
        async def handle_async_request(self: Any, request: Any) -> Any:
            if not serving(module):
                return await original(self, request)
            upload = kind.upload(request)
            sent = await _sent_later(upload, request) if upload is not None else None
            found = kind.recorded(request, sent)
            if was_cancelled(found.error):
                await wait_to_be_cancelled(found.title, sleep)
            await checkpoint()  # the network would have let other tasks run
            return kind.served(found, request, stream)

        return handle_async_request

    return wrap


def library_for(captured: Library) -> Library:
    """The replay side of one of httpx's two names."""
    name = captured.name
    return captured.in_replay(
        changes=(
            Patch(f"{name}:HTTPTransport.handle_request", _sync(name)),
            Patch(f"{name}:AsyncHTTPTransport.handle_async_request", _async(name)),
        ),
    )


LIBRARY = library_for(CAPTURED)
