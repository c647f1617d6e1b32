"""A recorded HTTP exchange as the wire would give it: the words every client library serves by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from timetracer_otel.cassette import Interaction
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import RecordedError, decode_error
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.bodies import body_bytes, unread_rest, wire
from timetracer_otel.protocols.http_address import bare_url, canonical_url
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpRequestRef,
    HttpResponse,
    RawHeaders,
)
from timetracer_otel.replay.sessions import current_session

__all__ = ["Answer", "Upload", "answer_of", "cancelled", "nobody_cancels", "patience_s"]

_PATIENCE_S = 3.0
"""How much longer than the whole recording took a call waits to be cancelled."""

_CANCELLATIONS = frozenset({("asyncio.exceptions", "CancelledError"), ("trio", "Cancelled")})


@dataclass(slots=True)
class Answer:
    """Status line, headers, and the body in the chunks it came in, codings still on.

    `ends_in` is what came after the last chunk, if that was not the end: the recorded error, or
    `CannotReplay` where the body was not read to its end. `waits` says that the reader was
    cancelled there: whoever reads on waits for that again.
    """

    title: str
    status: int
    reason: str
    http_version: str
    headers: RawHeaders
    chunks: list[bytes]
    extensions: dict[str, Any]
    ends_in: BaseException | None
    waits: bool

    def __iter__(self) -> Iterator[bytes]:
        """The chunks; then what they end in is raised."""
        yield from self.chunks
        if self.ends_in is not None:
            raise self.ends_in


def answer_of(interaction: Interaction) -> Answer:
    """What was answered. Raises the recorded error, or `CannotReplay` if there was no outcome."""
    if not isinstance(interaction, HttpInteraction):
        raise CannotReplay(subject=interaction.title, reason="it is no HTTP exchange")
    if interaction.error is not None:
        raise decode_error(interaction.error)
    response = interaction.response
    if response is None:
        reason = "it had no outcome when it was recorded"
        raise CannotReplay(subject=interaction.title, reason=reason)
    title = interaction.title
    headers, chunks = wire(response.headers, response.body, title=title)
    waits = cancelled(response.error)
    return Answer(
        title=title,
        status=response.status,
        reason=response.reason,
        http_version=response.http_version,
        headers=headers,
        chunks=chunks,
        extensions=response.extensions,
        ends_in=_end_of(response, title) if not waits else nobody_cancels(title),
        waits=waits,
    )


def _end_of(response: HttpResponse, title: str) -> BaseException | None:
    if response.error is not None:
        return decode_error(response.error)
    return unread_rest(response.body, title=title)


def cancelled(error: RecordedError | None) -> bool:
    """Whether the task was cancelled: not the outside world's doing, but the application's."""
    return error is not None and (error.module, error.type) in _CANCELLATIONS


def patience_s() -> float:
    """How long a call waits that was cancelled when it was recorded: timers are real."""
    session = current_session()
    recorded_s = session.cassette.duration_us / 1e6 if session is not None else 0.0
    return recorded_s + _PATIENCE_S


def nobody_cancels(title: str) -> CannotReplay:
    """What a call ends in that waits for a cancellation in vain."""
    return CannotReplay(
        subject=title,
        reason="it was cancelled when it was recorded, and now nothing cancels it",
        hint="record the request again",
    )


class Upload:
    """A request's body that comes piece by piece, taken as far as it went when it was recorded.

    What a failing connection left in the application's generator is left there again. Around
    the taking it is a context manager: where the generator fails, its recorded failure counts
    as asked for, and the exception passes as the recorded one did.
    """

    def __init__(self, library: str, ref: HttpRequestRef) -> None:
        self._library = library
        self._ref = ref
        self._chunks: list[bytes] = []
        self._size = 0
        self._expected = self._cut_short()
        self.is_wanted = self._expected is None or self._expected.size > 0
        """Whether any of it was read when it was recorded."""

    def _cut_short(self) -> BodyPart | None:
        """The body that was recorded next for this address, if it was not sent to its end."""
        url, method = canonical_url(bare_url(str(self._ref.url))), self._ref.method

        def like(request: HttpRequest) -> bool:
            return request.method == method and canonical_url(request.url) == url

        session = current_session()
        found = session.upcoming("http", like) if session is not None else None
        body = found.request.body if isinstance(found, HttpInteraction) else None
        return body if body is not None and body.state != "complete" else None

    def is_enough(self, chunk: bytes) -> bool:
        """Take `chunk`; whether that was the last of it that was read."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        expected = self._expected
        if expected is None or expected.state == "aborted" or self._size < expected.size:
            return False
        self._expected = None  # it is this one, or another call altogether
        return expected.truncated or b"".join(self._chunks) == body_bytes(expected)

    def whole(self, *, cut: bool) -> HttpRequestRef:
        """The request with all that was taken of its body; `cut` before its end."""
        body = Body.of(b"".join(self._chunks))
        if cut:
            body.state = "partial"
        self._ref.body = body
        return self._ref

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session = current_session()
        if error is None or session is None:
            return
        found = session.take_if_recorded("http", self.whole(cut=True))
        if isinstance(found, HttpInteraction) and found.error is not None:
            error.__suppress_context__ |= found.error.suppress_context
