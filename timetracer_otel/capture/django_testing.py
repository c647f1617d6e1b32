"""Django's test clients: they call the application past WSGI and ASGI, and keep its response."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any

from timetracer_otel.capture import asgi
from timetracer_otel.capture.wsgi import recorded
from timetracer_otel.recording import active_recorder

__all__ = ["called_by_async_client", "called_by_client"]


def called_by_client(original: Callable[..., Any]) -> Callable[..., Any]:
    """``ClientHandler.__call__`` as a server would have it."""

    @wraps(original)
    def __call__(self: Any, environ: Any) -> Any:  # noqa: N807
        if active_recorder() is None:
            return original(self, environ)
        responses: list[Any] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
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
        return responses[0]

    return __call__


def called_by_async_client(original: Callable[..., Any]) -> Callable[..., Any]:
    """``AsyncClientHandler.__call__`` as a server would have it."""

    @wraps(original)
    async def __call__(self: Any, scope: Any) -> Any:  # noqa: N807
        if active_recorder() is None:
            return await original(self, scope)
        responses: list[Any] = []
        sent = scope["_body_file"].read() if "_body_file" in scope else b""

        async def application(scope: Any, receive: Any, send: Any) -> None:
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
    """What is streamed is the test's to read, and not kept."""
    return [] if response.streaming else [response.content]
