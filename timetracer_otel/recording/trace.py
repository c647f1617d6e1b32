"""One trace of this process while it is open."""

from __future__ import annotations

from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import ReadableSpan

from timetracer_otel.interaction.body import Body
from timetracer_otel.interaction.failures import Failure
from timetracer_otel.recording.draft import Draft
from timetracer_otel.recording.flow import CURRENT_FLOW, Flow

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
    """

    __slots__ = (
        "_entry_error",
        "_recorder",
        "chosen",
        "clock",
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
        "reads_kept",
        "refusal",
        "root_ended",
        "root_span",
        "root_span_id",
        "sealed",
        "spans",
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
        self.spans: list[ReadableSpan] = []
        self.root_span: ReadableSpan | None = None
        self.drafts: list[Draft] = []
        self.entry: Draft | None = None
        self._entry_error: Failure | None = None
        self.flows: dict[int, Flow] = {}
        self.draws: dict[tuple[str, str, str], list[object]] = {}
        self.clock: dict[tuple[str, str, str], list[int]] = {}
        self.reads_kept = 0
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
        self.ended: Ended | None = None
        self.sealed = False
        self.started_mono_ns = monotonic_ns()
        self.started_wall_ns = time_ns()

    @property
    def fragment(self) -> bool:
        """Whether this is what came after a trace was complete."""
        return self.continues is not None

    @property
    def entry_error(self) -> Failure | None:
        """What the application raised besides answering."""
        return self._entry_error

    @entry_error.setter
    def entry_error(self, error: BaseException | Failure | None) -> None:
        self._entry_error = Failure.of(error) if isinstance(error, BaseException) else error

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
            flow = self.continues.flows.get(span_id)
        return flow

    def path_of(self, span_id: int, *, own_span: bool) -> str:
        """The running code's path; without the step of the interaction's own CLIENT span."""
        own = CURRENT_FLOW.get()
        if own is not None and own.span_id == span_id:
            return own.path
        flow = self.flow_of(span_id)
        if flow is None:
            return own.path if own is not None else ""
        return flow.above_path if own_span else flow.path

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

    def new_body(self) -> Body:
        """A body within the limits of the settings."""
        return Body(self, self._recorder.max_body_bytes)

    def whole_body(self, data: bytes) -> Body:
        """A body that is there as a whole: nothing has to wait for it."""
        limit = self._recorder.max_body_bytes
        if data and len(data) <= limit and not self.grant(len(data)):
            limit = 0
        body = Body(None, limit)
        if data:
            body.feed(data)
        body.state = "complete"
        return body

    def grant(self, size: int) -> bool:
        """Whether `size` more bytes may be kept, for this trace and in total."""
        if self._recorder.grant(self, size):
            return True
        self.note_cut("body", "memory limit reached")
        return False

    def note_read(self, clock: str, site: str, path: str, reading_ns: int) -> None:
        """The code at `site` read `clock` and saw `reading_ns`."""
        if self.reads_kept >= MAX_READS:
            self.note_cut("clock", f"more than {MAX_READS:,} reads in one request")
            return
        self.reads_kept += 1
        self.clock.setdefault((clock, site, path), []).append(reading_ns)

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
        self.entry = self.root_span = self._entry_error = None
        self.drafts.clear()
        self.spans.clear()
        self.draws.clear()
        self.clock.clear()

    def cut_short(self, why: str) -> None:
        """Complete the trace as far as it came."""
        self.is_cut = True
        self.note_cut("trace", why)
        self._recorder.complete(self)
