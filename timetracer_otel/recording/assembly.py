"""A complete trace becomes a cassette (worker only; everything slow is here)."""

from __future__ import annotations

import datetime as dt
from collections import deque
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from timetracer_otel.cassette import (
    FORMAT_VERSION,
    Cassette,
    ClockReads,
    Draws,
    Dropped,
    Interaction,
)
from timetracer_otel.interaction.failures import encode_error
from timetracer_otel.interaction.parts import Part
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.registry import protocol_named
from timetracer_otel.recording.draft import Draft
from timetracer_otel.values import encode

if TYPE_CHECKING:
    from timetracer_otel.recording.recorder import Recorder
    from timetracer_otel.recording.trace import TraceRecord

__all__ = ["assemble", "collect_outside"]


def assemble(record: TraceRecord, recorder: Recorder) -> Cassette | None:
    """The cassette of `record`, or None when it belongs in the bootstrap or says nothing.

    A trace that nothing called from outside and that began with a client span is the process's
    own traffic (start-up, a poller): it goes to the bootstrap of every later cassette.
    """
    _adopt_spans(record)
    drafts = sorted(record.drafts, key=lambda draft: draft.started_ns)
    own = [draft for draft in drafts if draft.scope == "trace" and _has_outcome(draft)]
    interactions = [_interaction(draft, record, n) for n, draft in enumerate(own, start=1)]
    if record.entry is None and not record.fragment:
        for interaction in interactions:
            recorder.bootstrap.add(interaction)
        if not interactions or _began_with_client_span(record):
            return None
    if record.fragment and not interactions:
        return None
    return Cassette(
        timetracer=FORMAT_VERSION,
        trace_id=f"{record.trace_id:032x}",
        root_span_id=_hex(_root_span_id(record)),
        recorded_at=_rfc3339(record.started_wall_ns),
        duration_us=_duration_us(record),
        resource=_resource(record),
        hash_seed=recorder.hash_seed,
        entry=_entry(record),
        interactions=interactions,
        bootstrap=recorder.bootstrap.interactions(),
        draws=_draws(record),
        clock=_clock(record),
        dropped=_dropped(record, recorder),
    )


def collect_outside(recorder: Recorder) -> None:
    """Move what was asked outside of any request into the bootstrap."""
    for draft in recorder.take_outside():
        if _has_outcome(draft):
            recorder.bootstrap.add(_interaction(draft, draft.trace, 0))


def _has_outcome(draft: Draft) -> bool:
    return draft.response is not None or draft.error is not None


def _interaction(draft: Draft, record: TraceRecord, number: int) -> Interaction:
    protocol = protocol_named(draft.protocol)
    request = protocol.encode_request(draft.request)
    made: Any = protocol.interaction(
        id=number,
        span_id=_hex(draft.span_id),
        parent_span_id=_hex(draft.parent_span_id),
        path=draft.path,
        library=draft.library,
        title=protocol.title(request),
        start_us=max(0, (draft.started_ns - record.started_mono_ns) // 1000),
        duration_us=draft.duration_ns // 1000,
        request=request,  # type: ignore[call-arg]  # every protocol's interaction has it
        response=_response(draft, protocol),
        error=encode_error(draft.error, stage=draft.stage) if draft.error is not None else None,
    )
    interaction: Interaction = made
    return interaction


def _response(draft: Draft, protocol: Protocol) -> Part | None:
    """None for an error, and for a call that time ran out on."""
    if draft.error is not None or draft.response is None:
        return None
    return protocol.encode_response(draft.response)


def _entry(record: TraceRecord) -> Interaction | None:
    entry = record.entry
    if entry is None or entry.request is None:
        return None
    interaction = _interaction(entry, record, 0)
    if record.entry_error is not None and interaction.error is None:
        raised = encode_error(record.entry_error, stage="application")
        interaction.raised = raised  # type: ignore[union-attr]  # only http has entries
    return interaction


def _root_span_id(record: TraceRecord) -> int:
    return record.root_span_id if record.continues is None else record.continues.root_span_id


def _hex(span_id: int) -> str:
    return f"{span_id:016x}" if span_id else ""


def _adopt_spans(record: TraceRecord) -> None:
    """Give interactions without a span of their own the instrumentor's span around them.

    A database span is not current while its driver runs; it encloses the call in time, under
    the same parent, and each span is given to one call. One sweep in time: a request may make
    thousands of calls.
    """
    taken = {draft.span_id for draft in record.drafts}
    free: dict[int, deque[_Span]] = {}
    kept = iter(record.client_spans)
    for span_id, parent, start, end in sorted(zip(kept, kept, kept, kept, strict=True), key=_START):
        if span_id not in taken:
            free.setdefault(parent, deque()).append((span_id, start, end))
    offset = record.started_wall_ns - record.started_mono_ns
    for draft in sorted(record.drafts, key=lambda draft: draft.started_ns):
        waiting = free.get(draft.parent_span_id)
        if waiting and not draft.span_id:
            draft.span_id = _around(draft.started_ns + offset, waiting)


_START = itemgetter(2)
_Span = tuple[int, int, int]
"""Its ID, when it began, and when it ended."""


def _around(moment: int, waiting: deque[_Span]) -> int:
    """The first of the spans that encloses `moment`, taken out; 0 when none does."""
    while waiting and waiting[0][2] < moment:
        waiting.popleft()
    for index, (span_id, start, end) in enumerate(waiting):
        if start > moment:
            break
        if end >= moment:
            del waiting[index]
            return span_id
    return 0


def _began_with_client_span(record: TraceRecord) -> bool:
    return record.root_span is None or record.root_span.kind is SpanKind.CLIENT


def _duration_us(record: TraceRecord) -> int:
    ends = [d.started_ns + d.duration_ns for d in record.drafts]
    if record.entry is not None:
        ends.append(record.entry.started_ns + record.entry.duration_ns)
    return max(0, max(ends, default=record.started_mono_ns) - record.started_mono_ns) // 1000


def _rfc3339(unix_ns: int) -> str:
    seconds, nanoseconds = divmod(unix_ns, 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds:09d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S}"


def _resource(record: TraceRecord) -> list[dict[str, Any]]:
    resource = record.root_span.resource if record.root_span is not None else record.resource
    if resource is None:
        return []
    known, encoded = _LAST_RESOURCE[0]
    if resource is not known:
        attributes = sorted(resource.attributes.items())
        encoded = [{key: encode(value) for key, value in attributes}]
        _LAST_RESOURCE[0] = resource, encoded
    return encoded


_LAST_RESOURCE: list[tuple[object, list[dict[str, Any]]]] = [(None, [])]
"""A process has one resource, which does not change: encoded once."""


def _draws(record: TraceRecord) -> list[Draws]:
    return [
        Draws(source=source, path=path, arguments=arguments, values=[encode(v) for v in values])
        for (source, path, arguments), values in list(record.draws.items())
    ]


def _clock(record: TraceRecord) -> list[ClockReads]:
    """Wall-clock reads count from the trace's start, monotonic ones from their own zero."""
    start = record.started_wall_ns
    return [
        ClockReads(
            clock=clock,
            site=site,
            path=path,
            offsets_ns=[read - start if clock == "time" else read for read in reads],
        )
        for (clock, site, path), reads in record.clock().items()
    ]


def _dropped(record: TraceRecord, recorder: Recorder) -> list[Dropped]:
    cut = [Dropped(what=what, why=why, count=n) for (what, why), n in list(record.cut.items())]
    if recorder.bootstrap.dropped:
        why = "more start-up traffic than the bootstrap may hold"
        cut.append(Dropped(what="bootstrap", why=why, count=recorder.bootstrap.dropped))
    return cut
