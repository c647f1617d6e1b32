"""A request of aiohttp's client in a replay: what answers it, and how that comes in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from msgspec.structs import replace

from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.aiohttp_errors import CONNECT, RESOLVE
from timetracer_otel.protocols.bodies import unread_rest
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.protocols.http_wire import content_size, head_size, wire_reads
from timetracer_otel.values import decode

__all__ = ["Script", "ServedExchange"]

_CONTINUE = " 100 "
_RECEIVED = "received"
_ANNOUNCING = ("content-length", "transfer-encoding")
_SWITCHING_PROTOCOLS = 101


class ServedExchange:
    """One request of the application's, and the recorded interaction that answers it.

    `ask` finds that interaction for the bytes that went out, `cut` before their end or not; it is
    called in the context that the request was made in, wherever the library does its writing.
    `following` is the next one recorded of its method and URL, which may say how much of the
    request ever went out.
    """

    def __init__(
        self,
        request: Any,
        ask: Callable[..., HttpInteraction],
        following: HttpInteraction | None,
    ) -> None:
        self.request = request
        self._ask = ask
        self._following = following
        self._context = copy_context()
        self.recorded: HttpInteraction | None = None

    def use(self, recorded: HttpInteraction) -> None:
        """The answer is known. Raises `CannotReplay` for one that cannot be given."""
        if recorded.response is None and recorded.error is None:
            reason = "it had no outcome when it was recorded"
            raise CannotReplay(subject=recorded.title, reason=reason)
        if recorded.response is not None and recorded.response.status == _SWITCHING_PROTOCOLS:
            raise CannotReplay(
                subject=recorded.title,
                reason="it became a WebSocket, whose messages are not recorded",
                hint="`--live aiohttp` keeps all calls of aiohttp's real",
            )
        self.recorded = recorded

    @property
    def is_answered_bare(self) -> bool:
        """Whether the body never went out: nobody was there, or nobody wanted it."""
        following = self._following
        if following is None:
            return False
        if _never_connected(following.error) or self._was_kept_back(following):
            return True
        return self.asks_first and not self._was_let_on(following)

    def _was_kept_back(self, following: HttpInteraction) -> bool:
        """Whether what was announced, the same as now, had no time to go out before the answer."""
        lines = (line.partition(": ") for line in following.request.headers)
        headers = {name.lower(): value for name, _, value in lines}
        announced = [headers.get(name) for name in _ANNOUNCING]
        body = following.request.body
        return (
            any(size not in (None, "0") for size in announced)
            and announced == [self.request.headers.get(name) for name in _ANNOUNCING]
            and (body is None or not body.size)
        )

    @property
    def asks_first(self) -> bool:
        """Whether the body waits for ``100 Continue``."""
        return self.request._continue is not None

    @staticmethod
    def _was_let_on(following: HttpInteraction) -> bool:
        response = following.response
        return response is not None and _CONTINUE in str(response.extensions.get("before", ""))

    @property
    def is_cut(self) -> bool:
        """Whether an answer came before all of the request had been written."""
        if self.asks_first:
            return self.recorded is not None
        body = self._following.request.body if self._following is not None else None
        return body is not None and body.state == "partial"

    def is_enough(self, written: bytes) -> bool:
        """Whether, of a request that `is_cut`, no more went out than this."""
        if b"\r\n\r\n" not in written:
            return False
        body = self._following.request.body if self._following is not None else None
        return self.recorded is not None or body is None or content_size(written) >= body.size

    def complete(self, written: bytes, *, cut: bool) -> HttpInteraction:
        """The answer to what has been written: the request, or as much as there will be."""
        recorded = self.recorded
        if recorded is None:
            recorded = self._context.run(self._ask, written, cut=cut)
            self.use(recorded)
        return recorded

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        return self.recorded.title if self.recorded is not None else str(self.request.url)

    @property
    def failure(self) -> RecordedError | None:
        """Why there never was a connection; None where there was one."""
        error = self.recorded.error if self.recorded is not None else None
        return error if _never_connected(error) else None


def _never_connected(error: RecordedError | None) -> bool:
    return error is not None and error.stage in (RESOLVE, CONNECT)


class Script:
    """What is to come in, and how it ends."""

    def __init__(self, recorded: HttpInteraction) -> None:
        self.title = recorded.title
        self.error = recorded.error
        self.rest: CannotReplay | None = None
        self.complete = False
        self.pieces: deque[bytes] = deque()
        self.head_left = 0
        response = recorded.response
        if response is not None:
            pieces = wire_reads(response, title=recorded.title, method=recorded.request.method)
            self.pieces.extend(pieces)
            self.head_left = head_size(b"".join(pieces))
            self.error = response.error
            self.rest = unread_rest(response.body, title=recorded.title)
            self.complete = self.rest is None and self.error is None
        elif self.error is not None and _RECEIVED in self.error.attributes:
            others = dict(self.error.attributes)
            received: Any = decode(others.pop(_RECEIVED))
            # what came before it is no attribute of the exception's
            self.error = replace(self.error, attributes=others)
            self.pieces.append(received)
            self.head_left = len(self.pieces[0])
        self.in_head = response is None
