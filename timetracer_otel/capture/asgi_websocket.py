"""WebSocket connections over ASGI: untouched, and noted as the handshake that began them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from timetracer_otel.protocols.http_parts import HttpResponseRef, RawHeaders
from timetracer_otel.recording import Draft, guarded

__all__ = ["WebSocketNote"]

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class WebSocketNote:
    """The answer to one handshake. What is said over the connection is not recorded.

    The draft is closed with the handshake: a connection that stays open for hours holds its
    trace no longer than its own span does, and that one is cut after `trace_timeout_s`.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def sending(self, send: Send) -> Send:
        """`send`, with a look at what answers the handshake."""

        @wraps(send)
        async def look(message: Message) -> None:
            if self._draft.is_open:
                with guarded("asgi websocket"):
                    self._note(message)
            await send(message)

        return look

    def _note(self, message: Message) -> None:
        kind = message["type"]
        headers = _pairs(message)
        if kind == "websocket.accept":
            subprotocol = message.get("subprotocol")
            if subprotocol:
                headers.append((b"sec-websocket-protocol", subprotocol.encode("latin-1")))
            self._answered(HTTPStatus.SWITCHING_PROTOCOLS, headers)
        elif kind == "websocket.close":  # before it was accepted: servers make a 403 of it
            self._answered(HTTPStatus.FORBIDDEN, headers)
        elif kind == "websocket.http.response.start":
            self._answered(message["status"], headers)

    def _answered(self, status: int, headers: RawHeaders) -> None:
        self._draft.answered(HttpResponseRef(int(status), headers))

    def end(self, error: BaseException | None) -> None:
        """The application is through with the connection."""
        with guarded("asgi websocket"):
            if self._draft.is_open and error is not None:
                self._draft.failed(error, "application")
                return
            if error is not None:
                self._draft.also_raised(error)
            if self._draft.is_open:
                self._draft.answered(None)


def _pairs(message: Message) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(value)) for name, value in message.get("headers") or ()]
