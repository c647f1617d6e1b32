"""A recorded HTTP exchange as the wire would give it: the words every client library serves by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from timetracer_otel.cassette import Interaction
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import RecordedError, decode_error
from timetracer_otel.protocols.bodies import unread_rest, wire
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpResponse, RawHeaders

__all__ = ["PATIENCE_S", "Answer", "answer_of", "cancelled", "nobody_cancels"]

PATIENCE_S = 3.0
"""How long a call waits that was cancelled when it was recorded."""

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
    assert isinstance(interaction, HttpInteraction)
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


def nobody_cancels(title: str) -> CannotReplay:
    """What a call ends in that waits for a cancellation in vain."""
    return CannotReplay(
        subject=title,
        reason="it was cancelled when it was recorded, and now nothing cancels it",
        hint="record the request again",
    )
