"""A complete trace is gathered for its cassette (worker only)."""

from __future__ import annotations

from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from timetracer_otel.cassette import Interaction
from timetracer_otel.gathered import Gathered, Noted, answers_of, interaction_of
from timetracer_otel.recording.draft import Draft
from timetracer_otel.values import encode

if TYPE_CHECKING:
    from timetracer_otel.recording.recorder import Recorder
    from timetracer_otel.recording.trace import TraceRecord

__all__ = ["collect_outside", "encoded_answers", "gather"]


def gather(record: TraceRecord, recorder: Recorder) -> Gathered | None:
    """What `record` says, or None when it belongs in the bootstrap or says nothing.

    A trace that nothing called from outside and that began with a client span is the process's
    own traffic (start-up, a poller): it goes to the bootstrap of every later cassette.
    """
    _adopt_spans(record)
    drafts = sorted(record.drafts, key=lambda draft: draft.started_ns)
    own = [_noted(draft) for draft in drafts if draft.scope == "trace" and _has_outcome(draft)]
    if record.entry is None and record.answers is None and not record.fragment:
        for number, noted in enumerate(own, start=1):
            recorder.bootstrap.add(interaction_of(noted, record.started_mono_ns, number))
        if not own or _began_with_client_span(record):
            return None
    if record.fragment and not own:
        return None
    entry = record.entry
    # copied: a thread that outlives its request may be reading a clock right now
    return Gathered(
        trace_id=record.trace_id,
        root_span_id=_root_span_id(record),
        started_mono_ns=record.started_mono_ns,
        started_wall_ns=record.started_wall_ns,
        duration_us=_duration_us(record),
        resource=_resource(record),
        hash_seed=recorder.hash_seed,
        entry=_noted(entry) if entry is not None and entry.request is not None else None,
        answers=_answers(record),
        interactions=own,
        draws={place: list(values) for place, values in list(record.draws.items())},
        clock=record.clock(),
        dropped=_dropped(record, recorder),
        bootstrap=recorder.bootstrap.interactions(),
    )


def collect_outside(recorder: Recorder) -> None:
    """Move what was asked outside of any request into the bootstrap."""
    for draft in recorder.take_outside():
        if _has_outcome(draft):
            noted = _noted(draft)
            recorder.bootstrap.add(interaction_of(noted, draft.trace.started_mono_ns, 0))


def _has_outcome(draft: Draft) -> bool:
    return draft.response is not None or draft.error is not None


def _noted(draft: Draft) -> Noted:
    return Noted(
        draft.protocol,
        draft.library,
        draft.path,
        draft.span_id,
        draft.parent_span_id,
        draft.started_ns,
        draft.duration_ns,
        draft.request,
        draft.response,
        draft.error,
        draft.stage,
        draft.raised,
    )


def _answers(record: TraceRecord) -> list[Noted]:
    return [_noted(entry) for entry in record.answers or () if entry.request is not None]


def encoded_answers(record: TraceRecord) -> list[Interaction]:
    """What the application has answered so far within a test."""
    return answers_of(_answers(record), record.started_mono_ns)


def _root_span_id(record: TraceRecord) -> int:
    return record.root_span_id if record.continues is None else record.continues.root_span_id


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
    ends += [entry.started_ns + entry.duration_ns for entry in record.answers or ()]
    return max(0, max(ends, default=record.started_mono_ns) - record.started_mono_ns) // 1000


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


def _dropped(record: TraceRecord, recorder: Recorder) -> list[tuple[str, str, int]]:
    cut = [(what, why, count) for (what, why), count in list(record.cut.items())]
    if recorder.bootstrap.dropped:
        why = "more start-up traffic than the bootstrap may hold"
        cut.append(("bootstrap", why, recorder.bootstrap.dropped))
    return cut
