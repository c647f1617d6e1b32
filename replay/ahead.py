"""The body of a request, read before the application asks for it, where it must be known.

A middleware reads the clock or draws an ID before anybody reads the body; by then it must be
certain which cassette they come from. So where several cassettes share method, path and query,
the body is read first, and the application then receives the very same messages.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from functools import wraps
from typing import Any

from timetracer_otel.interaction.body import Body
from timetracer_otel.patching import Ledger, PatchIfPresent

__all__ = ["READ_AHEAD", "install_reading_ahead"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

READ_AHEAD: ContextVar[Body | None] = ContextVar("timetracer_read_ahead", default=None)
"""The whole body of the request that is about to begin; None where it was not read."""

_PATIENCE_S = 2.0
"""A client that sends no more within it streams in answer to what it is told."""

_LIMIT = 64 * 1024 * 1024


def install_reading_ahead(is_needed: Callable[[str, str], bool]) -> Callable[[], None]:
    """Read bodies ahead where `is_needed` (method, URL) says so; returns what undoes it."""

    def wrap(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        @wraps(original)
        async def call(self: Any, scope: Any, receive: Receive, send: Any) -> None:
            if scope["type"] != "http" or not is_needed(scope["method"], _target(scope)):
                await original(self, scope, receive, send)
                return
            ahead = _Ahead(receive)
            token = READ_AHEAD.set(await ahead.read())
            try:
                await original(self, scope, ahead.receive, send)
            finally:
                READ_AHEAD.reset(token)

        return call

    def wrap_begun(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(original)
        async def begun(protocol: Any, request: Any, args: Any) -> Any:
            if is_needed(request._message.method, request._message.path):
                READ_AHEAD.set(await _peeked(request))  # in the request's own task
            return await original(protocol, request, args)

        return begun

    ledger = Ledger()
    ledger.apply(
        [
            PatchIfPresent("timetracer_otel.capture.asgi:AsgiCapture.__call__", wrap),
            PatchIfPresent("timetracer_otel.capture.aiohttp_web:begun", wrap_begun),
        ]
    )
    return ledger.restore


async def _peeked(request: Any) -> Body | None:
    """What aiohttp has of a body once all of it is there, left for the application to read."""
    stream = request._payload
    if request._message.compression:  # decoded already, and recorded as it came
        return None
    try:
        await asyncio.wait_for(stream.wait_eof(), _PATIENCE_S)
    except TimeoutError:
        return None
    return Body.of(b"".join(getattr(stream, "_buffer", ())))


def _target(scope: Any) -> str:
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string") or b""
    return (path.partition(b"?")[0] + b"?" + query).decode("latin-1")  # type: ignore[no-any-return]


class _Ahead:
    """What was received already, and then what comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: deque[Message] = deque()
        self._pending: asyncio.Task[Message] | None = None

    async def read(self) -> Body | None:
        """The whole body, or None when it did not come in time."""
        body = Body(None, _LIMIT)
        while not body.truncated:
            message = await self._next_in_time()
            if message is None or message["type"] != "http.request":
                return None
            body.feed(message.get("body", b""))
            if not message.get("more_body"):
                body.finish()
                return body
        return None

    async def _next_in_time(self) -> Message | None:
        """The next message; one that does not come is left to whoever asks next."""
        self._pending = asyncio.ensure_future(self._receive())
        done, _ = await asyncio.wait([self._pending], timeout=_PATIENCE_S)
        if not done:
            return None
        message, self._pending = self._pending.result(), None
        self._messages.append(message)
        return message

    async def receive(self) -> Message:
        """What the application calls."""
        if self._messages:
            return self._messages.popleft()
        if self._pending is not None:
            message = await asyncio.shield(self._pending)
            self._pending = None
            return message
        return await self._receive()
