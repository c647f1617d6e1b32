"""The table of open traces: joins spans and late payloads by trace ID."""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from threading import RLock
from time import monotonic_ns

from opentelemetry import trace as otel
from opentelemetry.context import get_current
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.trace import SpanContext, SpanKind
from opentelemetry.trace.propagation import _SPAN_KEY

from timetracer_otel.recording.bootstrap import Bootstrap
from timetracer_otel.recording.draft import Draft, Scope
from timetracer_otel.recording.flow import CURRENT_FLOW, Flow
from timetracer_otel.recording.trace import TraceRecord
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

_REMEMBERED_TRACES = 4096
_active: Recorder | None = None


class Recorder:
    """Everything one process knows of the traces it is recording.

    Fed by the span processor (`span_started`, `span_ended`) and by the capture modules (`begin`,
    `begin_entry`); a complete trace goes to the worker, which writes it to the sinks.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lock = RLock()
        self.counts: Counter[str] = Counter()
        self.bootstrap = Bootstrap()
        self.worker = Worker(self)
        self._by_span: dict[int, TraceRecord] = {}
        self._open: dict[int, TraceRecord] = {}
        self._finished: OrderedDict[int, None] = OrderedDict()
        self._granted = 0
        self._outside: TraceRecord | None = None
        os.register_at_fork(after_in_child=self._after_fork)

    # -- life ---------------------------------------------------------------------------------

    def activate(self) -> None:
        """Make this the recorder that capture modules write to."""
        global _active
        _active = self

    def deactivate(self) -> None:
        """Capture modules pass everything through again."""
        global _active
        if _active is self:
            _active = None

    def add_sink(self, sink: CassetteSink) -> None:
        """Hand every finished cassette to `sink` too (called on the worker)."""
        self.worker.sinks.append(sink)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Write every complete trace now; True when nothing is left in the queue."""
        return self.worker.flush(timeout_s)

    def finish(self, timeout_s: float = 5.0) -> bool:
        """The process is ending: open traces whose root has ended are written as they are."""
        with self.lock:
            ended = [record for record in self._open.values() if record.root_ended]
        for record in ended:
            record.note_cut("trace", "the process ended before everything in it did")
            self.complete(record)
        return self.flush(timeout_s)

    def _after_fork(self) -> None:
        # the parent's open traces belong to the parent; locks may be held by threads that do
        # not exist here
        self.lock = RLock()
        self._by_span.clear()
        self._open.clear()
        self._outside = None
        self._granted = 0
        self.worker.after_fork()

    # -- spans --------------------------------------------------------------------------------

    def span_started(self, span: Span, parent: SpanContext | None) -> None:
        """A sampled span began; called on the request path for each."""
        context = span.get_span_context()
        with self.lock:
            record = self._record_of(context, parent)
            if record is None:
                return
            record.open += 1
            self._by_span[context.span_id] = record
            record.flows[context.span_id] = self._flow_for(record, span.name, context, parent)

    def _record_of(self, context: SpanContext, parent: SpanContext | None) -> TraceRecord | None:
        if parent is not None and parent.is_valid and not parent.is_remote:
            record = self._by_span.get(parent.span_id)
            if record is not None:
                return record
            if context.trace_id not in self._finished:
                return None
            return self._new_record(context.trace_id, context.span_id, fragment=True)
        return self._new_record(context.trace_id, context.span_id)

    def _new_record(
        self, trace_id: int, root_span_id: int, *, fragment: bool = False
    ) -> TraceRecord | None:
        if len(self._open) >= self.settings.max_traces:
            self.counts["dropped: too many open traces"] += 1
            return None
        record = TraceRecord(self, trace_id, root_span_id, fragment=fragment)
        self._open[id(record)] = record
        return record

    @staticmethod
    def _flow_for(
        record: TraceRecord, name: str, context: SpanContext, parent: SpanContext | None
    ) -> Flow:
        own = CURRENT_FLOW.get()
        if own is not None and parent is not None and own.span_id == parent.span_id:
            return own.child(name, context.span_id)
        above = record.flows.get(parent.span_id) if parent is not None else None
        if above is None:
            return Flow("", context.span_id)
        return above.child(name, context.span_id)

    def span_ended(self, span: ReadableSpan) -> None:
        """A span is over; the local root's end may complete the trace."""
        context = span.get_span_context()
        record = self._by_span.get(context.span_id) if context is not None else None
        if record is None or context is None:
            return
        record.spans.append(span)
        if context.span_id == record.root_span_id:
            record.root_span = span
            record.root_ended = True
        record.closed()

    # -- drafts -------------------------------------------------------------------------------

    def current_trace(self) -> TraceRecord | None:
        """The open trace that the running code belongs to, if any."""
        context = otel.get_current_span().get_span_context()
        return self._by_span.get(context.span_id) if context.is_valid else None

    def current_flow(self) -> Flow | None:
        """The running code's place in its request; None outside of any recorded trace."""
        span_id = otel.get_current_span().get_span_context().span_id
        own = CURRENT_FLOW.get()
        if own is not None and own.span_id == span_id:
            return own
        record = self._by_span.get(span_id)
        return record.flows.get(span_id) if record is not None else None

    def current_place(self) -> tuple[TraceRecord, str] | None:
        """The running code's trace and path, in one look: it is asked at every clock read."""
        if not self._by_span:
            return None
        span = get_current().get(_SPAN_KEY)  # `get_current_span` takes three times as long
        if span is None:
            return None
        span_id: int = span.get_span_context().span_id  # type: ignore[attr-defined]
        record = self._by_span.get(span_id)
        if record is None:
            return None
        own = CURRENT_FLOW.get()
        if own is not None and own.span_id == span_id:
            return record, own.path
        flow = record.flows.get(span_id)
        return record, flow.path if flow is not None else ""

    def begin(
        self, protocol: str, library: str, request: object, *, scope: Scope, own_span: bool
    ) -> Draft | None:
        span = otel.get_current_span()
        context = span.get_span_context()
        own_span = own_span and getattr(span, "kind", None) is SpanKind.CLIENT
        record = self._by_span.get(context.span_id) if context.is_valid else None
        if scope == "bootstrap" or not context.is_valid:
            record, scope = self._outside_record(), "bootstrap"
        elif record is None:
            if not (context.trace_flags.sampled and context.trace_id in self._finished):
                return None
            record = self._fragment(context)
            if record is None:
                return None
        draft = Draft(
            record,
            protocol=protocol,
            library=library,
            request=request,
            scope=scope,
            path=self._path(record, context.span_id, own_span=own_span),
            span_id=context.span_id if own_span else 0,
            parent_span_id=0 if own_span else context.span_id,
        )
        record.drafts.append(draft)
        if record.fragment and record.root_span_id == 0:
            record.root_ended = True  # the draft itself is all there is to wait for
        return draft

    def _path(self, record: TraceRecord, span_id: int, *, own_span: bool) -> str:
        """The ancestors' path: without the interaction's own CLIENT span."""
        own = CURRENT_FLOW.get()
        if own is not None and own.span_id == span_id:
            return own.path
        flow = record.flows.get(span_id)
        if flow is None:
            return own.path if own is not None else ""
        return flow.path.rpartition(" › ")[0] if own_span else flow.path

    def _fragment(self, context: SpanContext) -> TraceRecord | None:
        with self.lock:
            return self._new_record(context.trace_id, 0, fragment=True)

    def _outside_record(self) -> TraceRecord:
        """Collects what is asked outside of any request; never complete, drained when read."""
        if self._outside is None:
            self._outside = TraceRecord(self, 0, 0)
        return self._outside

    def take_outside(self) -> list[Draft]:
        """The closed drafts made outside of any request since the last call (worker)."""
        with self.lock:
            record = self._outside
            if record is None:
                return []
            done = [draft for draft in record.drafts if not draft.is_open]
            record.drafts = [draft for draft in record.drafts if draft.is_open]
            self._granted -= record.granted
            record.granted = 0
        return done

    # -- completion ---------------------------------------------------------------------------

    def complete(self, record: TraceRecord) -> None:
        """Take the trace out of the table and hand it to the worker. Only once."""
        with self.lock:
            if self._open.pop(id(record), None) is None:
                return
            for span_id in record.flows:
                self._by_span.pop(span_id, None)
            self._finished[record.trace_id] = None
            if len(self._finished) > _REMEMBERED_TRACES:
                self._finished.popitem(last=False)
        self.worker.put(record)

    def expire(self) -> None:
        """Complete what has been open for too long (worker, now and then)."""
        limit = monotonic_ns() - int(self.settings.trace_timeout_s * 1e9)
        with self.lock:
            late = [r for r in self._open.values() if r.started_mono_ns < limit]
        for record in late:
            record.note_cut(
                "trace", f"still open after {self.settings.trace_timeout_s:g} s: cut there"
            )
            self.complete(record)

    def grant(self, record: TraceRecord, size: int) -> bool:
        """Whether `record` may keep `size` more bytes."""
        with self.lock:
            if record.granted + size > self.settings.max_trace_bytes:
                return False
            if self._granted + size > self.settings.max_memory_bytes:
                return False
            record.granted += size
            self._granted += size
            return True

    def release(self, record: TraceRecord) -> None:
        """Give back what `record` was granted: it is written, or dropped (worker)."""
        with self.lock:
            self._granted -= record.granted
            record.granted = 0


def active_recorder() -> Recorder | None:
    """The recorder in force, or None: then capture passes everything through."""
    return _active


def current_trace() -> TraceRecord | None:
    """The open trace that the running code belongs to; None when nothing records here."""
    recorder = _active
    return recorder.current_trace() if recorder is not None else None


def current_place() -> tuple[TraceRecord, str] | None:
    """The open trace and the path of the running code; None when nothing records here."""
    recorder = _active
    return recorder.current_place() if recorder is not None else None


def begin(
    protocol: str,
    library: str,
    request: object,
    *,
    scope: Scope = "trace",
    own_span: bool = False,
) -> Draft | None:
    """Begin an interaction at the running code's place; None when nothing records here.

    `own_span` says that the current span is the instrumentor's span of this very call (true
    inside httpx's transport, false inside a database driver). A call outside of any request is
    kept in the process's bootstrap.
    """
    recorder = _active
    if recorder is None:
        return None
    return recorder.begin(protocol, library, request, scope=scope, own_span=own_span)


def begin_entry(protocol: str, library: str, request: object) -> Draft | None:
    """Begin the inbound interaction of the current trace; None when it has one or none records.

    Call with the SERVER span current. The draft holds the trace open until it is answered or
    failed, so background tasks that run within the call are waited for.
    """
    record = current_trace()
    if record is None or record.entry is not None:
        return None
    span_id = otel.get_current_span().get_span_context().span_id
    record.entry = Draft(
        record, protocol=protocol, library=library, request=request, span_id=span_id
    )
    return record.entry
