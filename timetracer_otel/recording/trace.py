"""One trace of this process while it is open."""

from __future__ import annotations

from time import monotonic_ns, time_ns
from types import FrameType
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from timetracer_otel.clocks import site_of
from timetracer_otel.interaction.body import Body
from timetracer_otel.recording.draft import Draft
from timetracer_otel.recording.flow import CURRENT_FLOW, SEPARATOR, Flow

if TYPE_CHECKING:
    from timetracer_otel.recording.finished import Ended
    from timetracer_otel.recording.recorder import Recorder

__all__ = ["MAX_DRAFTS", "MAX_DRAWN_BYTES", "MAX_DRAWS", "MAX_READS", "MAX_SPANS", "TraceRecord"]

MAX_SPANS = 20_000
"""Spans of one trace; with more it is written as far as it came."""

MAX_DRAFTS = 10_000
"""Interactions kept of one trace."""

MAX_READS = 10_000
"""Clock reads kept of one trace."""

_READ = 5
"""What one is kept as: clock, module, code, place and reading."""

MAX_DRAWS = 10_000
MAX_DRAWN_BYTES = 1024 * 1024
"""Random draws kept of one trace, by number and by size."""


class TraceRecord:
    """Spans, interactions, draws and clock reads of one local root and all below it.

    `open` counts spans, drafts and bodies that have not ended, and whoever holds the trace (an
    ASGI call whose background tasks still run). The trace is complete when its root has ended
    and nothing is open; from then on it is `sealed`: whatever still runs adds nothing to it.
    What a rule refuses is `discarded`, and `refusal` says by which; `chosen` is what a debug
    header asked for. `ended` is what is remembered of it from its completion on.
    A *fragment* is what a detached task did after that; it `continues` a complete trace.
    A test's record has no entry: it keeps each request to the application among its `answers`.
    """

    __slots__ = (
        "_recorder",
        "answers",
        "chosen",
        "client_spans",
        "continues",
        "cut",
        "discarded",
        "drafts",
        "drawn_bytes",
        "draws",
        "draws_kept",
        "ended",
        "entry",
        "flows",
        "granted",
        "is_cut",
        "open",
        "reads",
        "refusal",
        "resource",
        "root_ended",
        "root_span",
        "root_span_id",
        "sealed",
        "started_mono_ns",
        "started_wall_ns",
        "trace_id",
        "users",
    )

    def __init__(
        self, recorder: Recorder, trace_id: int, root_span_id: int, continues: Ended | None = None
    ) -> None:
        self._recorder = recorder
        self.trace_id = trace_id
        self.root_span_id = root_span_id
        self.continues = continues
        self.ended: Ended | None = None
        self.client_spans: list[int] = []
        self.resource: Resource | None = None
        self.root_span: ReadableSpan | None = None
        self.drafts: list[Draft] = []
        self.entry: Draft | None = None
        self.answers: list[Draft] | None = None
        self.flows: dict[int, Flow] = {}
        self.draws: dict[tuple[str, str, str], list[object]] = {}
        self.reads: list[Any] = []
        self.draws_kept = 0
        self.drawn_bytes = 0
        self.cut: dict[tuple[str, str], int] = {}
        self.open = 0
        self.granted = 0
        self.root_ended = False
        self.is_cut = False
        self.discarded = False
        self.refusal = ""
        self.chosen = False
        self.users: tuple[str, ...] = ()
        self.sealed = False
        self.started_mono_ns = monotonic_ns()
        self.started_wall_ns = time_ns()

    @property
    def fragment(self) -> bool:
        """Whether this is what came after a trace was complete."""
        return self.continues is not None

    def takes_entry(self, span_id: int) -> bool:
        """Whether a request that begins in this span is the first thing that came from outside."""
        if self.answers is None:
            return self.entry is None
        # an application that is called by the test itself has its span further in, if any is made
        if self._recorder.is_told_of_spans and span_id in (0, self.root_span_id):
            return False
        flow = self.flow_of_call(span_id, own_span=False)
        return self.entry_at(flow.path if flow is not None else "") is None

    def add_entry(self, entry: Draft) -> None:
        """A request has come in."""
        if self.answers is None:
            self.entry = entry
        else:
            self.answers.append(entry)

    def entry_at(self, path: str) -> Draft | None:
        """The request that is being answered at `path`."""
        for entry in self.answers or ():
            if entry.is_open and (path == entry.path or path.startswith(entry.path + SEPARATOR)):
                return entry
        return self.entry

    @property
    def root(self) -> tuple[int, int]:
        """Trace ID and span ID of the local root; a fragment has that of what it continues."""
        whole = self.continues
        return self.trace_id, self.root_span_id if whole is None else whole.root_span_id

    @property
    def waiting_since_ns(self) -> int:
        """From when on its time limit counts: a replay's from the end of its entry."""
        entry = self.entry
        if entry is not None and self._recorder.settings.mode == "replay":
            return entry.started_ns + entry.duration_ns
        return self.started_mono_ns

    def flow_of(self, span_id: int) -> Flow | None:
        """The place of a span of this trace, or of the complete trace that it continues."""
        flow = self.flows.get(span_id)
        if flow is None and self.continues is not None:
            flow = self.continues.flow(span_id)
        return flow

    def flow_of_call(self, span_id: int, *, own_span: bool) -> Flow | None:
        """The running code's place; without the step of the interaction's own CLIENT span."""
        own = CURRENT_FLOW.get()
        if own is not None and own.span_id == span_id:
            return own
        flow = self.flows.get(span_id)
        if flow is None:
            flow = self.flow_of(span_id)
            if flow is None:
                return own if self.answers is None else self.flow_in_whole(own)
        return flow.above if own_span else flow

    def flow_in_whole(self, own: Flow | None) -> Flow | None:
        """The step of code that runs in none of this record's spans, `own` being its context's."""
        if own is not None and own.span_id in self.flows:  # not one of an earlier test
            return own
        return self.flows.get(self.root_span_id)

    def path_in_whole(self, own: Flow | None) -> str:
        """The same as a path."""
        flow = self.flow_in_whole(own)
        return flow.path if flow is not None else ""

    def opened(self) -> None:
        """One more thing to wait for."""
        with self._recorder.lock:
            self.open += 1

    def closed(self) -> None:
        """One thing less to wait for; the last one completes the trace."""
        with self._recorder.lock:
            self.open -= 1
            complete = self.open <= 0 and self.root_ended
        if complete:
            self._recorder.complete(self)

    def new_body(self, *, counted: bool = False) -> Body:
        """A body within the limits of the settings; `counted` where it is waited for already."""
        return Body(self, self._recorder.max_body_bytes, counted)

    def whole_body(self, data: bytes) -> Body:
        """A body that is there as a whole: nothing has to wait for it."""
        size, limit = len(data), self._recorder.max_body_bytes
        if size and size <= limit and not self.grant(size):
            limit = 0
        return Body.of(data, limit)

    def grant(self, size: int) -> bool:
        """Whether `size` more bytes may be kept, for this trace and in total."""
        recorder = self._recorder
        with recorder.lock:
            granted, total = self.granted + size, recorder.granted + size
            if (
                granted <= recorder.max_trace_bytes
                and total <= recorder.max_memory_bytes
                and not self.sealed
            ):
                self.granted, recorder.granted = granted, total
                return True
        self.note_cut("body", "memory limit reached")
        return False

    def note_span(self, span: ReadableSpan, span_id: int) -> None:
        """A CLIENT span of it has ended: what is asked of it again, and not all that it holds."""
        if self.resource is None:
            self.resource = span.resource
        parent = span.parent
        if parent is not None:
            moments = (span.start_time or 0, span.end_time or 0)
            # one after the other: an object for each would be the garbage collector's to look at
            self.client_spans.extend((span_id, parent[1], *moments))  # `span_id`, by its index

    def note_read(self, clock: str, reader: FrameType, flow: Flow | None, reading_ns: int) -> None:
        """The code of the frame `reader`, at `flow`, read `clock` and saw `reading_ns`."""
        reads = self.reads
        if len(reads) >= MAX_READS * _READ:
            self.note_cut("clock", f"more than {MAX_READS:,} reads in one request")
            return
        module = reader.f_globals.get("__name__", "?")
        reads.extend((clock, module, reader.f_code, flow, reading_ns))

    def clock(self) -> dict[tuple[str, str, str], list[int]]:
        """What was read, by clock, site (``module:function``) and path."""
        # copied first: a thread that outlives its request may be reading a clock right now
        kept = iter(self.reads.copy())
        read: dict[tuple[str, str, str], list[int]] = {}
        for clock, module, code, flow, reading_ns in zip(kept, kept, kept, kept, kept, strict=True):
            path = flow.path if flow is not None else ""
            read.setdefault((clock, site_of(module, code), path), []).append(reading_ns)
        return read

    def note_draw(self, source: str, path: str, arguments: str, value: object, size: int) -> None:
        """`source` gave `value`, of about `size` bytes and immutable."""
        if self.draws_kept >= MAX_DRAWS or self.drawn_bytes + size > MAX_DRAWN_BYTES:
            limits = f"{MAX_DRAWS:,} draws or {MAX_DRAWN_BYTES // 1024:,} KB"
            self.note_cut("draws", f"more than {limits} in one request")
            return
        self.draws_kept += 1
        self.drawn_bytes += size
        self.draws.setdefault((source, path, arguments), []).append(value)

    def note_cut(self, what: str, why: str) -> None:
        """Something is missing from this recording; the cassette will say so."""
        with self._recorder.lock:
            self.cut[what, why] = self.cut.get((what, why), 0) + 1

    def discard(self, refusal: str) -> None:
        """Nothing of it is recorded from here on, and what there is already is not kept."""
        self.discarded = True
        self.refusal = self.refusal or refusal

    def forget(self) -> None:
        """Let go of everything: a record and its drafts hold each other.

        What they hold besides would wait for the garbage collector.
        """
        self.entry = self.root_span = self.answers = self.ended = None
        self.drafts.clear()
        self.client_spans.clear()
        self.draws.clear()
        self.reads.clear()

    def cut_short(self, why: str) -> None:
        """Complete the trace as far as it came."""
        self.is_cut = True
        self.note_cut("trace", why)
        self._recorder.complete(self)
