"""A recorded HTTP exchange as the wire would give it: the words every client library serves by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from timetracer_otel.cassette import Interaction
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.bodies import body_bytes, unread_rest, wire
from timetracer_otel.protocols.http_address import bare_url, canonical_url
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequestRef,
    HttpResponse,
    RawHeaders,
)
from timetracer_otel.replay.matching import Wanted
from timetracer_otel.replay.recorded_failures import nobody_cancels, was_cancelled
from timetracer_otel.replay.sessions import Session, answer, current_session, take_if_recorded

__all__ = [
    "Answer",
    "Upload",
    "answer_of",
    "recorded_exchange",
    "taken_exchange",
    "upcoming_exchange",
]


@dataclass(slots=True)
class Answer:
    """Status line, headers, and the body in the chunks it came in, codings still on.

    `ends_in` is what came after the last chunk, if that was not the end: the recorded error, or
    `CannotReplay` where the body was not read to its end. `waits` says that the reader was
    cancelled there: whoever reads on waits for that again.
    """

    title: str
    response: HttpResponse
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


def recorded_exchange(library: str, asked: HttpRequestRef) -> HttpInteraction:
    """What was recorded for a request. Raises `MissingRecording`."""
    found = answer("http", library, asked)
    if not isinstance(found, HttpInteraction):
        raise CannotReplay(subject=found.title, reason="it is no HTTP exchange")
    return found


def answer_of(interaction: HttpInteraction) -> Answer:
    """What was answered. Raises the recorded error, or `CannotReplay` if there was no outcome."""
    if interaction.error is not None:
        raise decode_error(interaction.error)
    response = interaction.response
    if response is None:
        reason = "it had no outcome when it was recorded"
        raise CannotReplay(subject=interaction.title, reason=reason)
    title = interaction.title
    headers, chunks = wire(response.headers, response.body, title=title)
    waits = was_cancelled(response.error)
    return Answer(
        title=title,
        response=response,
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


def _asks(interaction: Interaction) -> object:
    """What is known of a request before it is whole: method and URL."""
    if not isinstance(interaction, HttpInteraction):
        return None
    return interaction.request.method, canonical_url(interaction.request.url)


def _recorded(session: Session, method: str, url: str) -> str:
    return canonical_url(session.recorded_url(method, bare_url(url)))


def upcoming_exchange(method: str, url: str) -> HttpInteraction | None:
    """What was recorded next for this method and URL, whatever the body; not given by it."""
    session = current_session()
    if session is None:
        return None
    found = session.upcoming(_asks, (method, _recorded(session, method, url)))
    return found if isinstance(found, HttpInteraction) else None


def taken_exchange(method: str, url: str, wanted: Wanted) -> HttpInteraction | None:
    """The same, given if it is `wanted`."""
    session = current_session()
    if session is None:
        return None
    found = session.take_next(_asks, (method, _recorded(session, method, url)), wanted)
    return found if isinstance(found, HttpInteraction) else None


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
        found = upcoming_exchange(self._ref.method, str(self._ref.url))
        body = found.request.body if found is not None else None
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
        if error is None:
            return
        found = take_if_recorded("http", self.whole(cut=True))
        if isinstance(found, HttpInteraction) and found.error is not None:
            error.__suppress_context__ |= found.error.suppress_context
