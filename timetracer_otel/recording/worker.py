"""The thread that turns complete traces into cassettes and hands them on."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from timetracer_otel.accounts import DROPPED
from timetracer_otel.cassette import Cassette
from timetracer_otel.gathered import Gathered, cassette_of
from timetracer_otel.recording.assembly import collect_outside, gather
from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.native import native
from timetracer_otel.recording.selection import has_failed
from timetracer_otel.redaction.applying import Redacting
from timetracer_otel.sampling.pressure import Thinning

if TYPE_CHECKING:
    from timetracer_otel.recording.recorder import Recorder
    from timetracer_otel.recording.trace import TraceRecord

__all__ = ["BatchingSink", "CassetteSink", "Worker"]

_BATCH_S = 0.04
"""How long complete traces gather before they are written together: one burst of work costs
the requests in flight less than many small ones, and 40 ms leaves the 200 ms law its room."""

_IDLE_S = 1.0

_ROUND_S = 0.5
"""Writing goes on for so long before the rest of a round has its turn: at saturation the queue
is never empty."""

_CLOSE_S = 3.0

_LOG = logging.getLogger("timetracer_otel")


class CassetteSink(Protocol):
    """Something that takes finished cassettes: files, a bucket, a test's list."""

    def write(self, cassette: Cassette, *, fragment: bool) -> None:
        """Take one cassette; `fragment` says it continues one that was written before."""


@runtime_checkable
class BatchingSink(CassetteSink, Protocol):
    """A sink that may take cassettes somewhere else than where they are written for good.

    It redacts them there: what it is given is as it was recorded. `waiting`: how many it has
    taken that are not known to be written.
    """

    @property
    def waiting(self) -> int: ...

    def take(self, gathered: Gathered, *, fragment: bool) -> bool:
        """Take what a cassette is made of; False where the cassette itself is wanted."""
        ...

    def batch_ended(self) -> None:
        """Nothing more comes for the moment; called every second at least."""

    def flush(self, timeout_s: float) -> bool:
        """Wait until all it took is written for good. False when time ran out first."""
        ...

    def after_fork(self) -> None:
        """In the child of a fork: what is on its way is the parent's."""

    def close(self) -> None:
        """Write all there is; a sink that is written to again opens again."""


class Worker:
    """One thread of the operating system a process, started with the first recorded trace."""

    def __init__(self, recorder: Recorder) -> None:
        self.sinks: list[CassetteSink] = []
        self._recorder = recorder
        self._queue: deque[TraceRecord] = deque()
        self._writing = native("_thread", "RLock")()
        self._started = False
        self._wake = _closed_gate()
        self._said: set[str] = set()
        self._redacting = Redacting(recorder.settings)
        self._thinning = Thinning()
        self.listeners: list[Callable[[], None]] = []

    @property
    def waiting_here(self) -> int:
        """Complete traces in the queue."""
        return len(self._queue)

    @property
    def waiting(self) -> int:
        """The same, with what is on its way to where it is written."""
        return len(self._queue) + sum(sink.waiting for sink in self._batching())

    def put(self, record: TraceRecord) -> None:
        """Queue a complete trace; what there is no room for is dropped as a whole, counted.

        Waits for nothing but the recorder's lock: the garbage collector may call it anywhere.
        """
        reason = self._no_room(record)
        if reason:
            self._drop(record, reason)
            self._recorder.release(record)
            return
        self._queue.append(record)
        if self._wake.locked():
            self._open_gate()

    def _no_room(self, record: TraceRecord) -> str:
        """Why there is no room for it. What failed, and what was asked for, goes first."""
        if len(self._queue) >= self._recorder.settings.max_queue:
            return "queue full"
        if record.entry is None or record.chosen or self._recorder.settings.mode != "record":
            return ""
        if self._thinning.spares(self._recorder.fullness) or has_failed(record):
            return ""
        return "thinned under load"

    def _drop(self, record: TraceRecord, reason: str) -> None:
        if record.ended is not None:
            record.ended.refused = True
        self._recorder.count(f"{DROPPED}{'a late piece, ' if record.fragment else ''}{reason}")

    def _open_gate(self) -> None:
        try:
            self._wake.release()
        except RuntimeError:  # another thread opened it first
            return

    def start(self) -> None:
        """Have the thread running; the recorder's lock is held.

        Not before there is work: from Python 3.12 on, forking a process with threads warns.
        """
        if not self._started:
            self._started = True
            with guarded("worker start"):  # refused while the interpreter shuts down
                native("_thread", "start_new_thread")(self._run, ())

    def after_fork(self) -> None:
        """In the child of a fork: the thread is gone, the parent writes what was queued."""
        self._queue.clear()
        self._wake = _closed_gate()
        self._writing = native("_thread", "RLock")()
        self._started = False
        for sink in self._batching():
            sink.after_fork()

    def _batching(self) -> list[BatchingSink]:
        return [sink for sink in self.sinks if isinstance(sink, BatchingSink)]

    def _run(self) -> None:
        behind = False
        while True:
            try:
                if not behind and self._wake.acquire(timeout=_IDLE_S):
                    native("time", "sleep")(_BATCH_S)
                behind = self._round()
            except BaseException:  # noqa: BLE001 - this thread is the only one: it goes on
                self._recorder.counts["faults of the worker"] += 1

    def _round(self) -> bool:
        """Whether there is more to write than there was time for."""
        behind = False
        with guarded("worker"):
            self._recorder.switch.look()
            self._recorder.expire()
        with guarded("worker"):
            behind = self._drain(monotonic() + _ROUND_S, gently=True)
        with guarded("worker"):
            self._end_batch()
        if self._recorder.collects_by_itself:
            with guarded("worker"):
                collect_outside(self._recorder)
        self._say_what_was_dropped()
        for listener in self.listeners:
            with guarded("worker"):
                listener()
        return behind

    def _say_what_was_dropped(self) -> None:
        for reason, count in list(self._recorder.counts.items()):
            if reason.startswith("dropped: ") and reason not in self._said:
                self._said.add(reason)
                _LOG.warning(
                    "recordings are %s (%d so far; said once). The application is not affected",
                    reason.replace(":", ",", 1),
                    count,
                )

    def flush(self, timeout_s: float) -> bool:
        """Write what is queued, in the calling thread. False when time ran out first."""
        deadline = monotonic() + timeout_s
        while self._queue and monotonic() < deadline:
            self._drain(deadline)
        # the worker may be in the middle of the last one
        if not self._writing.acquire(timeout=max(0.0, deadline - monotonic())):
            return False
        try:
            written = [sink.flush(max(0.0, deadline - monotonic())) for sink in self._batching()]
        finally:
            self._writing.release()
        return all(written) and not self._queue

    def close(self) -> None:
        """Let go of what the sinks have open; the recording may go on all the same."""
        if self._writing.acquire(timeout=_CLOSE_S):
            try:
                for sink in self._batching():
                    with guarded("sink"):
                        sink.close()
            finally:
                self._writing.release()

    def _end_batch(self) -> None:
        with self._writing:
            for sink in self._batching():
                sink.batch_ended()

    def _drain(self, deadline: float, *, gently: bool = False) -> bool:
        """Whether time ran out before the queue was empty."""
        timeout = -1 if gently else max(0.0, deadline - monotonic())
        if not self._writing.acquire(timeout=timeout):
            return True
        try:
            while self._queue:
                if monotonic() >= deadline:
                    return True
                try:
                    record = self._queue.popleft()
                except IndexError:  # a signal's handler has drained it in between
                    break
                self._write(record)
                if gently:
                    native("time", "sleep")(0)  # let go of the interpreter lock: requests go first
            return False
        finally:
            self._writing.release()

    def _write(self, record: TraceRecord) -> None:
        done = False
        try:
            with guarded("assembly"):
                collect_outside(self._recorder)
                gathered = self._gathered(record)
                if gathered is not None:
                    self._hand_on(gathered, fragment=record.fragment)
                done = True
        finally:
            if not done:
                self._drop(record, "a fault of the recording")
            self._recorder.release(record)

    def _gathered(self, record: TraceRecord) -> Gathered | None:
        """None for what the rules refuse, and for what is no recording by itself."""
        if record.continues is not None and record.continues.refused:
            return None
        refusal = "" if record.fragment else self._recorder.selection.refusal(record)
        if refusal and record.entry is not None:
            self._recorder.leave_out(record, refusal)
            return None
        gathered = gather(record, self._recorder)  # what nobody asked for is start-up traffic
        if gathered is not None and refusal:
            self._recorder.leave_out(record, refusal)
            return None
        return gathered

    def _hand_on(self, gathered: Gathered, *, fragment: bool) -> None:
        made: Cassette | None = None
        redacted: Cassette | None = None
        for sink in self.sinks:
            with guarded("sink"):
                if isinstance(sink, BatchingSink):
                    if not sink.take(gathered, fragment=fragment):
                        made = made or cassette_of(gathered)
                        sink.write(made, fragment=fragment)
                    continue
                made = made or cassette_of(gathered)
                redacted = redacted or self._redacted(made)
                if redacted is None:
                    return
                sink.write(redacted, fragment=fragment)
        self._recorder.counts["recorded"] += 1

    def _redacted(self, cassette: Cassette) -> Cassette | None:
        """What may be written; None, counted and said, where that could not be made."""
        with guarded("redaction"):
            return self._redacting(cassette)
        self._recorder.counts["dropped: they could not be redacted"] += 1
        return None


def _closed_gate() -> Any:
    """A lock that is held: whoever waits for it is let through once for each release.

    Unlike an `Event` it has no lock inside that a signal or the garbage collector could find
    held by the very thread it interrupts.
    """
    gate = native("_thread", "allocate_lock")()
    gate.acquire()
    return gate
