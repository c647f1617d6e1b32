"""The table of open traces: joins spans and late payloads by trace ID."""

from __future__ import annotations

import os
import weakref
from collections import Counter
from collections.abc import Callable
from time import monotonic_ns
from typing import Final

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.trace import SpanContext, SpanKind
from opentelemetry.trace.propagation import _SPAN_KEY

from timetracer_otel.accounts import LEFT_OUT
from timetracer_otel.hash_seed import seed_in_force
from timetracer_otel.recording.bootstrap import Bootstrap
from timetracer_otel.recording.context import context_of, get_current
from timetracer_otel.recording.current import (
    activate,
    active_recorder,
    begin,
    begin_entry,
    current_place,
    current_trace,
    deactivate,
)
from timetracer_otel.recording.draft import Draft, Scope
from timetracer_otel.recording.finished import MAX_FRAGMENTS, Finished
from timetracer_otel.recording.flow import CURRENT_FLOW, Aside, Flow
from timetracer_otel.recording.native import native
from timetracer_otel.recording.outside import Outside
from timetracer_otel.recording.selection import Selection
from timetracer_otel.recording.switch import Switch
from timetracer_otel.recording.trace import MAX_DRAFTS, MAX_SPANS, TraceRecord
from timetracer_otel.recording.worker import CassetteSink, Worker
from timetracer_otel.settings import Settings

__all__ = [
    "Recorder",
    "active_recorder",
    "begin",
    "begin_entry",
    "current_place",
    "current_trace",
]

# A span context is a tuple, a span's kind an enum's member: taken by index, and looked up once.
# The properties are Python functions, and cost as much as all the rest of these hooks.
_SPAN_ID: Final = 1
_IS_REMOTE: Final = 2
_FLAGS: Final = 3
_SAMPLED = 1
_CLIENT = SpanKind.CLIENT


class Recorder:
    """Everything one process knows of the traces it is recording.

    Fed by the span processor (`span_started`, `span_ended`) and by the capture modules (`begin`,
    `begin_entry`); a complete trace goes to the worker, which writes it to the sinks.

    `lock` is re-entrant, since the garbage collector and signals may come back to us while it
    is held, and the operating system's, since greenlets share it with the worker; nothing is
    logged, written or waited for under it. `counts` says what was recorded and what was
    dropped, by reason.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hash_seed = seed_in_force() if settings.randomness else None
        self.lock = native("_thread", "RLock")()
        self.counts: Counter[str] = Counter()
        self.selection = Selection(settings)
        self.switch = Switch(settings)
        self.bootstrap = Bootstrap()
        self.worker = Worker(self)
        self.max_body_bytes = settings.max_body_bytes
        self.max_trace_bytes = settings.max_trace_bytes
        self.max_memory_bytes = settings.max_memory_bytes
        self._timeout_ns = int(settings.trace_timeout_s * 1e9)
        self._by_span: dict[int, TraceRecord] = {}
        self._open: dict[int, TraceRecord] = {}
        self._finished = Finished()
        self.granted = 0
        self._outside = Outside(self)
        self.entry_listeners: list[Callable[[TraceRecord], None]] = []
        self.is_told_of_spans = True
        self.collects_by_itself = True
        """Whether the worker moves what is asked outside of any request, now and then."""
        self.is_listening = True
        """While it is not, only connections are heard of: they may be used again later."""
        self.is_outside = False
        """While it is set, nothing belongs to any request, whatever span it runs in."""
        self.skipped: frozenset[str] = frozenset()
        """Libraries of which nothing is recorded."""
        self.begun = 0
        """Calls that were begun, recorded or not."""
        self.whole: TraceRecord | None = None
        """While it is set (a test), all that runs in no open trace belongs to it, and so does
        every trace that begins."""
        self.ending_listeners: list[Callable[[], None]] = []
        _RECORDERS.add(self)

    # -- life ---------------------------------------------------------------------------------

    def activate(self) -> None:
        """Make this the recorder that capture modules write to."""
        activate(self)

    def deactivate(self) -> None:
        """Capture modules pass everything through again."""
        deactivate(self)
        self.worker.close()

    def add_sink(self, sink: CassetteSink) -> None:
        """Hand every finished cassette to `sink` too (called on the worker)."""
        self.worker.sinks.append(sink)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Write every complete trace now; True when nothing is left in the queue."""
        return self.worker.flush(timeout_s)

    def finish(self, timeout_s: float = 5.0) -> bool:
        """The process is ending: open traces whose root has ended are written as they are."""
        for record in self._opened_records():
            if record.root_ended:
                record.cut_short("the process ended before everything in it did")
        return self.flush(timeout_s)

    def after_fork(self) -> None:
        """In the child: open traces are the parent's; locks may be held by threads left there."""
        self.lock = native("_thread", "RLock")()
        self._by_span.clear()
        self._open.clear()
        self._finished = Finished()
        self._outside = Outside(self)
        self.granted = 0
        self.counts.clear()
        self.bootstrap.after_fork()
        self.worker.after_fork()

    # -- spans --------------------------------------------------------------------------------

    def span_started(self, span: Span) -> None:
        """A span began; called on the request path for each."""
        context = context_of(span)
        if not context[_FLAGS] & _SAMPLED or not self.is_listening or self.is_outside:
            return
        parent, span_id = span.parent, context[_SPAN_ID]
        with self.lock:
            record = None
            above = parent[_SPAN_ID] if parent is not None else 0
            if parent is not None and not parent[_IS_REMOTE]:
                record = self._by_span.get(above)
            if record is None:
                record = self.whole or self._record_of(context, parent)
                if record is None:
                    return
                if record is self.whole:
                    above = record.root_span_id
            record.open += 1
            flows = record.flows
            if not above:
                flows[span_id] = Flow("", span_id)
            else:
                own = CURRENT_FLOW.get()
                if own is None or own.span_id != above:
                    own = flows.get(above) or record.flow_of(above)
                if own is None:
                    flows[span_id] = Flow("", span_id)
                else:
                    flows[span_id] = own.child(span.name, span_id)
            self._by_span[span_id] = record
        if len(flows) > MAX_SPANS:
            record.cut_short(f"more than {MAX_SPANS:,} spans")

    def _record_of(self, context: SpanContext, parent: SpanContext | None) -> TraceRecord | None:
        """The record that a span without an open parent begins, or goes on with."""
        if parent is None or parent.is_remote or not parent.trace_flags.sampled:
            return self._new_record(TraceRecord(self, context.trace_id, context.span_id))
        return self._continued(context.trace_id, parent.span_id, context.span_id)

    def _continued(self, trace_id: int, span_id: int, root_span_id: int) -> TraceRecord | None:
        """What comes after its trace was complete: the open fragment of it, or a new one."""
        ended = self._finished.find(trace_id, span_id)
        if ended is None or ended.refused:
            return None
        if ended.fragment is not None:
            return ended.fragment
        if ended.fragments_left <= 0:
            self.counts["dropped: too late for their trace"] += 1
            return None
        record = self._new_record(TraceRecord(self, trace_id, root_span_id, continues=ended))
        if record is not None:
            ended.fragment = record
            ended.fragments_left -= 1
            if not ended.fragments_left:
                why = f"more than {MAX_FRAGMENTS} pieces after the end: cut there"
                record.note_cut("fragments", why)
        return record

    def _new_record(self, record: TraceRecord) -> TraceRecord | None:
        if len(self._open) >= self.settings.max_traces:
            self.counts["dropped: too many open traces"] += 1
            return None
        record.discarded = self.switch.is_off
        self._open[id(record)] = record
        self.worker.start()
        return record

    def span_ended(self, span: ReadableSpan) -> None:
        """A span is over; the local root's end may complete the trace."""
        span_id = context_of(span)[_SPAN_ID]
        with self.lock:
            record = self._by_span.get(span_id)
            if record is None:
                return
            if span.kind is _CLIENT:  # no other is asked for again
                record.note_span(span, span_id)
            elif self.selection.asks_for_users:
                self.selection.note_user(record, span)
            if span_id == record.root_span_id:
                record.root_span = span
                record.root_ended = True
            record.open -= 1
            complete = record.open <= 0 and record.root_ended
        if complete:
            self.complete(record)

    # -- one record for all ---------------------------------------------------------------------

    def begin_whole(self, record: TraceRecord) -> None:
        """From here on `record` takes everything; its root span is a name alone, nobody's span."""
        with self.lock:
            record.open += 1
            record.flows[record.root_span_id] = Flow("", record.root_span_id)
            self._by_span[record.root_span_id] = record
            self._open[id(record)] = record
            self.worker.start()
        self.whole = record

    def end_whole(self, record: TraceRecord) -> None:
        """It is over, whatever of it is still open."""
        if self.whole is record:
            self.whole = None
        self.complete(record)

    def _place_in_whole(self) -> tuple[TraceRecord, Flow | None] | None:
        whole = self.whole
        own = CURRENT_FLOW.get()
        if whole is None or whole.discarded or type(own) is Aside:
            return None
        return whole, whole.flow_in_whole(own)

    # -- drafts -------------------------------------------------------------------------------

    def current_trace(self) -> TraceRecord | None:
        """The open trace that the running code belongs to, if any."""
        return self._by_span.get(otel.get_current_span().get_span_context().span_id) or self.whole

    def current_root(self) -> tuple[int, int] | None:
        """The local root (trace ID, span ID) of the running code, its trace complete or not."""
        span = get_current().get(_SPAN_KEY)
        if span is None:
            return None
        context: SpanContext = span.get_span_context()  # type: ignore[attr-defined]
        record = self._by_span.get(context.span_id)
        if record is not None:
            return record.root
        with self.lock:
            ended = self._finished.find(context.trace_id, context.span_id)
        return (context.trace_id, ended.root_span_id) if ended is not None else None

    def current_paths(self) -> tuple[str, ...]:
        """The paths that a call of the running code may have: a CLIENT span may be its own."""
        span = get_current().get(_SPAN_KEY)
        context: SpanContext = (span or otel.INVALID_SPAN).get_span_context()  # type: ignore[attr-defined]
        own = CURRENT_FLOW.get()
        if own is not None and own.span_id == context.span_id:
            return (own.path,)
        whole = self.whole
        if whole is not None and context.span_id not in whole.flows:
            return (whole.path_in_whole(own),)
        with self.lock:
            flow = self._flow_of(context)
        if flow is None:
            return (own.path if own is not None else "",)
        client = getattr(span, "kind", None) is _CLIENT
        if not client:
            return (flow.path,)
        return (flow.above.path if flow.above is not None else "", flow.path)

    def _flow_of(self, context: SpanContext) -> Flow | None:
        record = self._by_span.get(context.span_id)
        if record is not None:
            return record.flow_of(context.span_id)
        ended = self._finished.find(context.trace_id, context.span_id)
        return ended.flow(context.span_id) if ended is not None else None

    def current_flow(self) -> Flow | None:
        """The running code's place in its request; None outside of any recorded trace."""
        span = get_current().get(_SPAN_KEY)
        own = CURRENT_FLOW.get()
        if type(own) is Aside:
            return None
        if span is not None:
            span_id = context_of(span)[_SPAN_ID]
            if own is not None and own.span_id == span_id:
                return own
            record = self._by_span.get(span_id)
            if record is not None:
                return record.flows.get(span_id)
        return self.whole.flow_in_whole(own) if self.whole is not None else None

    def current_place(self) -> tuple[TraceRecord, str] | None:
        """The running code's trace and path."""
        place = self.here()
        if place is None:
            return None
        record, flow = place
        return record, flow.path if flow is not None else ""

    def here(self) -> tuple[TraceRecord, Flow | None] | None:
        """The running code's trace and place, in one look: it is asked at every clock read."""
        by_span = self._by_span
        if not by_span:
            return None
        span = get_current().get(_SPAN_KEY)  # `get_current_span` takes three times as long
        span_id = context_of(span)[_SPAN_ID] if span is not None else 0
        record = by_span.get(span_id)
        if record is None:
            return self._place_in_whole()
        own = CURRENT_FLOW.get()
        if record.discarded or type(own) is Aside:
            return None
        if own is not None and own.span_id == span_id:
            return record, own
        return record, record.flows.get(span_id)

    def begin(
        self,
        protocol: str,
        library: str,
        request: object,
        scope: Scope,
        own_span: bool,
    ) -> Draft | None:
        span = get_current().get(_SPAN_KEY, otel.INVALID_SPAN)
        context = context_of(span)
        span_id = context[_SPAN_ID]
        own_span = own_span and getattr(span, "kind", None) is _CLIENT
        if library in self.skipped:
            return None
        self.begun += 1
        if scope != "bootstrap" and not self.is_listening:
            return None
        # the look-up and the count are one step: the trace cannot be completed in between
        with self.lock:
            if scope == "bootstrap" or self.is_outside or not (span_id or self.whole):
                record, scope = self._outside.record(), "bootstrap"
            else:
                record = self._by_span.get(span_id) or self.whole or self._late_record(context)
            if record is None or record.discarded:
                return None
            drafts = record.drafts
            if len(drafts) >= MAX_DRAFTS:
                record.note_cut("interactions", f"more than {MAX_DRAFTS:,} in one request")
                return None
            flow = record.flow_of_call(span_id, own_span=own_span)
            own, parent = (span_id, 0) if own_span else (0, span_id)
            draft = Draft(record, protocol, library, request, scope, flow, own, parent)
            record.open += 1
            drafts.append(draft)
        return draft

    def begin_entry(
        self, protocol: str, library: str, request: object, span_id: int
    ) -> Draft | None:
        record = self._by_span.get(span_id)
        if record is not None and record.entry is None:
            if self.selection.looks_early:
                self.selection.look_early(record, request)
            if record.discarded:  # at its begin, unless a rule has refused it
                record.discard("switched off")
        with self.lock:
            record = record or self.whole
            if record is None or record.discarded or record.sealed:
                return None
            if not record.takes_entry(span_id):
                return None
            record.open += 1
            flow = None
            if record.answers is not None:
                flow = record.flow_of_call(span_id, own_span=False)
            entry = Draft(record, protocol, library, request, flow=flow, span_id=span_id)
            record.add_entry(entry)
        for listener in self.entry_listeners:
            listener(record)
        return entry

    def _late_record(self, context: SpanContext) -> TraceRecord | None:
        """For a call without a span of its own after its trace was complete."""
        record = self._continued(context.trace_id, context.span_id, 0)
        if record is not None and not record.root_span_id:
            record.root_ended = True  # the draft itself is all there is to wait for
        return record

    def take_outside(self) -> list[Draft]:
        """What was asked outside of any request and is done since the last call (worker)."""
        with self.lock:
            return self._outside.take(self._timeout_ns)

    # -- completion ---------------------------------------------------------------------------

    def complete(self, record: TraceRecord) -> None:
        """Take the trace out of the table and hand it to the worker. Only once."""
        with self.lock:
            if self._open.pop(id(record), None) is None:
                return
            record.sealed = True
            forget = self._by_span.pop
            for span_id in record.flows:
                forget(span_id, None)
            if not record.discarded:  # what is not remembered has no late pieces
                record.ended = self._finished.add(record)
        if record.discarded:
            self.leave_out(record, record.refusal)
            self.release(record)
        else:
            self.worker.put(record)

    def leave_out(self, record: TraceRecord, refusal: str) -> None:
        """A rule refuses a complete trace, and with it whatever may follow; counted."""
        if record.ended is not None:
            record.ended.refused = True
        if refusal and not record.fragment:
            self.count(LEFT_OUT + refusal)

    def count(self, what: str) -> None:
        """One more of `what`, from any thread."""
        with self.lock:
            self.counts[what] += 1

    @property
    def fullness(self) -> float:
        """How much of what may be held is held, 0 to 1 and beyond: in the queue, in memory."""
        queue = self.worker.waiting_here / max(1, self.settings.max_queue)
        return max(queue, self.granted / max(1, self.max_memory_bytes))

    def expire(self) -> None:
        """Complete what has been open for too long (worker, now and then)."""
        limit = monotonic_ns() - self._timeout_ns
        replaying = self.settings.mode == "replay"
        for record in self._opened_records():
            if replaying and record.entry is not None and record.entry.is_open:
                continue  # somebody may be at a breakpoint; its client decides how long to wait
            if record.waiting_since_ns < limit:
                record.cut_short(f"still open after {self.settings.trace_timeout_s:g} s: cut there")

    def _opened_records(self) -> list[TraceRecord]:
        with self.lock:
            return list(self._open.values())

    def release(self, record: TraceRecord) -> None:
        """Give back what `record` was granted and holds: it is written, or dropped (worker)."""
        with self.lock:
            self.granted -= record.granted
            record.granted = 0
            if record.ended is not None:
                record.ended.pack()
        record.forget()


_RECORDERS: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _after_fork() -> None:
    for recorder in list(_RECORDERS):
        recorder.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
