"""What was noted of one trace, gathered; and the cassette it becomes (pure, and slow).

Nothing in here needs OpenTelemetry or the recording: the cassette may be made in another process.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from timetracer_otel.cassette import (
    FORMAT_VERSION,
    Cassette,
    ClockReads,
    Draws,
    Dropped,
    Interaction,
)
from timetracer_otel.interaction.failures import Failure, encode_error
from timetracer_otel.interaction.parts import Part
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.registry import protocol_named
from timetracer_otel.values import encode

__all__ = ["Gathered", "Noted", "answers_of", "cassette_of", "interaction_of"]

Place = tuple[str, str, str]
"""Source or clock, path or site, and what else tells one list of readings from another."""


class Noted(NamedTuple):
    """One interaction as it was noted, in references of its protocol."""

    protocol: str
    library: str
    path: str
    span_id: int
    parent_span_id: int
    started_ns: int
    duration_ns: int
    request: object
    response: object
    error: Failure | None
    stage: str
    raised: Failure | None = None


@dataclass(slots=True)
class Gathered:
    """All that a cassette is made of; `interactions` in the order they began."""

    trace_id: int
    root_span_id: int
    started_mono_ns: int
    started_wall_ns: int
    duration_us: int
    resource: list[dict[str, Any]]
    hash_seed: int | None
    entry: Noted | None
    answers: list[Noted]
    interactions: list[Noted]
    draws: dict[Place, list[object]]
    clock: dict[Place, list[int]]
    dropped: list[tuple[str, str, int]]
    bootstrap: list[Interaction] = field(default_factory=list)


def cassette_of(gathered: Gathered) -> Cassette:
    """The cassette that `gathered` becomes."""
    start = gathered.started_mono_ns
    return Cassette(
        timetracer=FORMAT_VERSION,
        trace_id=f"{gathered.trace_id:032x}",
        root_span_id=_hex(gathered.root_span_id),
        recorded_at=_rfc3339(gathered.started_wall_ns),
        duration_us=gathered.duration_us,
        resource=gathered.resource,
        hash_seed=gathered.hash_seed,
        entry=_entry(gathered.entry, start) if gathered.entry is not None else None,
        answers=answers_of(gathered.answers, start),
        interactions=[
            interaction_of(noted, start, n) for n, noted in enumerate(gathered.interactions, 1)
        ],
        bootstrap=gathered.bootstrap,
        draws=_draws(gathered),
        clock=_clock(gathered),
        dropped=[Dropped(what=what, why=why, count=n) for what, why, n in gathered.dropped],
    )


def interaction_of(noted: Noted, trace_started_ns: int, number: int) -> Interaction:
    """The interaction of a trace that began at `trace_started_ns` of the monotonic clock."""
    protocol = protocol_named(noted.protocol)
    request = protocol.encode_request(noted.request)
    error = noted.error
    made: Any = protocol.interaction(
        id=number,
        span_id=_hex(noted.span_id),
        parent_span_id=_hex(noted.parent_span_id),
        path=noted.path,
        library=noted.library,
        title=protocol.title(request),
        start_us=max(0, (noted.started_ns - trace_started_ns) // 1000),
        duration_us=noted.duration_ns // 1000,
        request=request,  # type: ignore[call-arg]  # every protocol's interaction has it
        response=_response(noted, protocol),
        error=encode_error(error, stage=noted.stage) if error is not None else None,
    )
    interaction: Interaction = made
    return interaction


def _response(noted: Noted, protocol: Protocol) -> Part | None:
    """None for an error, and for a call that time ran out on."""
    if noted.error is not None or noted.response is None:
        return None
    return protocol.encode_response(noted.response)


def answers_of(answers: list[Noted], trace_started_ns: int) -> list[Interaction]:
    """What the application answered within a test, in order."""
    return [_entry(noted, trace_started_ns, n) for n, noted in enumerate(answers, start=1)]


def _entry(noted: Noted, trace_started_ns: int, number: int = 0) -> Interaction:
    interaction = interaction_of(noted, trace_started_ns, number)
    if noted.raised is not None and interaction.error is None:
        raised = encode_error(noted.raised, stage="application")
        interaction.raised = raised  # type: ignore[union-attr]  # only http has entries
    return interaction


def _hex(span_id: int) -> str:
    return f"{span_id:016x}" if span_id else ""


def _rfc3339(unix_ns: int) -> str:
    seconds, nanoseconds = divmod(unix_ns, 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds:09d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S}"


def _draws(gathered: Gathered) -> list[Draws]:
    return [
        Draws(source=source, path=path, arguments=arguments, values=[encode(v) for v in values])
        for (source, path, arguments), values in gathered.draws.items()
    ]


def _clock(gathered: Gathered) -> list[ClockReads]:
    """Wall-clock reads count from the trace's start, monotonic ones from their own zero."""
    start = gathered.started_wall_ns
    return [
        ClockReads(
            clock=clock,
            site=site,
            path=path,
            offsets_ns=[read - start if clock == "time" else read for read in reads],
        )
        for (clock, site, path), reads in gathered.clock.items()
    ]
