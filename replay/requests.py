"""The requests within a test's cassette, each as a cassette of its own. Pure."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from timetracer_otel.cassette import Cassette, ClockReads, Draws, Interaction
from timetracer_otel.recording.flow import SEPARATOR

__all__ = ["requests_of"]

_Placed = TypeVar("_Placed", Interaction, Draws, ClockReads)


def requests_of(cassette: Cassette) -> list[Cassette]:
    """What can be sent again of `cassette`: itself, or each request that its test made.

    A request has with it what was asked, read and drawn below it, by paths that begin at it; time
    counts from the test's start all the same.
    """
    return [_alone(cassette, answer) for answer in cassette.answers] or [cassette]


def _alone(cassette: Cassette, answer: Interaction) -> Cassette:
    inner = [
        replace(one, id=number)
        for number, one in enumerate(_below(answer, cassette.interactions), start=1)
        if _is_while(answer, one)
    ]
    return replace(
        cassette,
        root_span_id=answer.span_id,
        duration_us=answer.duration_us,
        entry=replace(answer, path=""),
        answers=[],
        interactions=inner,
        draws=_below(answer, cassette.draws),
        clock=_below(answer, cassette.clock),
    )


def _below(answer: Interaction, placed: list[_Placed]) -> list[_Placed]:
    """Those at the request's path or below, with paths that begin there."""
    start = answer.path + SEPARATOR if answer.path else ""
    return [
        replace(one, path=one.path[len(start) :])
        for one in placed
        if one.path == answer.path or one.path.startswith(start)
    ]


def _is_while(answer: Interaction, one: Interaction) -> bool:
    """Where the application made no spans, all its requests are at one path."""
    if answer.path:
        return True
    return answer.start_us <= one.start_us <= answer.start_us + answer.duration_us
