"""Django's test clients: they call the application past WSGI and ASGI, and keep its response.

What is streamed is the test's to read, when and as far as it likes: the response is answered by
then, and its body noted while it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any

from opentelemetry import trace

from timetracer_otel.capture import asgi
from timetracer_otel.capture.wsgi import recorded
from timetracer_otel.interaction.body import Body
from timetracer_otel.recording import Draft, active_recorder, guarded
from timetracer_otel.recording.current import current_trace

__all__ = ["called_by_async_client", "called_by_client"]


def called_by_client(original: Callable[..., Any]) -> Callable[..., Any]:
    """``ClientHandler.__call__`` as a server would have it."""

    @wraps(original)
    def __call__(self: Any, environ: Any) -> Any:  # noqa: N807
        if active_recorder() is None:
            return original(self, environ)
        responses: list[Any] = []
        entries: list[Draft] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
            _note_entry(entries)
            response = original(self, environ)
            responses.append(response)
            status = f"{response.status_code} {response.reason_phrase}"
            start_response(status, _headers(response))
            return _chunks(response)

        answered = recorded(application, environ, _start)
        for _ in answered:
            pass
        if hasattr(answered, "close"):
            answered.close()
        _note_stream(responses[0], entries)
        return responses[0]

    return __call__


def called_by_async_client(original: Callable[..., Any]) -> Callable[..., Any]:
    """``AsyncClientHandler.__call__`` as a server would have it."""

    @wraps(original)
    async def __call__(self: Any, scope: Any) -> Any:  # noqa: N807
        if active_recorder() is None:
            return await original(self, scope)
        responses: list[Any] = []
        entries: list[Draft] = []
        sent = scope["_body_file"].read() if "_body_file" in scope else b""

        async def application(scope: Any, receive: Any, send: Any) -> None:
            _note_entry(entries)
            await receive()
            response = await original(self, {**scope, "_body_file": _Payload(sent)})
            responses.append(response)
            headers = [(name.encode(), value.encode()) for name, value in _headers(response)]
            start = {"status": response.status_code, "headers": headers}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": b"".join(_chunks(response))})

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": sent}

        async def send(_message: Any) -> None:
            """Nobody is there."""

        await asgi.with_server_span(application)(scope, receive, send)
        _note_stream(responses[0], entries)
        return responses[0]

    return __call__


class _Payload(BytesIO):
    """What the client sends, of a known length."""

    def __len__(self) -> int:
        return len(self.getbuffer())


def _start(*_: Any, **__: Any) -> Callable[[bytes], None]:
    return lambda _data: None


def _headers(response: Any) -> list[tuple[str, str]]:
    cookies = (("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values())
    return [*response.items(), *cookies]


def _chunks(response: Any) -> list[bytes]:
    return [] if response.streaming else [response.content]


def _note_entry(entries: list[Draft]) -> None:
    """Keep what is recorded of the request that begins here, if it is one of a test."""
    with guarded("django test client"):
        record = current_trace()
        span_id = trace.get_current_span().get_span_context().span_id
        answers = record.answers if record is not None else None
        entries += [entry for entry in answers or () if entry.span_id == span_id][-1:]


def _note_stream(response: Any, entries: list[Draft]) -> None:
    """Have the chunks of a streamed response noted as they are read."""
    with guarded("django test client"):
        answered: Any = entries[0].response if entries and response.streaming else None
        if answered is not None:
            answered.body = body = entries[0].body()
            kind = _AsyncChunks if response.is_async else _Chunks
            response.streaming_content = kind(response.streaming_content, body)


class _Chunks:
    """An iterator that notes what passes. It has no `close`: the response closes its own."""

    def __init__(self, chunks: Any, body: Body) -> None:
        self._chunks = chunks
        self._body = body

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> bytes:
        try:
            chunk: bytes = next(self._chunks)
        except BaseException as error:
            _note_end(self._body, error)
            raise
        _note_chunk(self._body, chunk)
        return chunk


class _AsyncChunks:
    """The same for an asynchronous one."""

    def __init__(self, chunks: Any, body: Body) -> None:
        self._chunks = chunks
        self._body = body

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk: bytes = await anext(self._chunks)
        except BaseException as error:
            _note_end(self._body, error)
            raise
        _note_chunk(self._body, chunk)
        return chunk


def _note_chunk(body: Body, chunk: bytes) -> None:
    with guarded("django test client"):
        body.feed(chunk)


def _note_end(body: Body, error: BaseException) -> None:
    with guarded("django test client"):
        is_over = isinstance(error, StopIteration | StopAsyncIteration)
        body.finish("complete" if is_over else "aborted")
