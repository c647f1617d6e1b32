"""What is asked outside of any request, until the worker moves it into the bootstrap."""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

from timetracer_otel.recording.trace import TraceRecord

if TYPE_CHECKING:
    from timetracer_otel.recording.draft import Draft
    from timetracer_otel.recording.recorder import Recorder

__all__ = ["Outside"]

_MAX_WAITING = 10_000


class Outside:
    """A record that is never complete; what is done in it is taken away again and again.

    Not synchronised: its recorder's lock is held around every call.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._record: TraceRecord | None = None

    def record(self) -> TraceRecord | None:
        """Where to put one more draft; None when too many wait."""
        if self._record is None:
            self._record = TraceRecord(self._recorder, 0, 0)
        if len(self._record.drafts) >= _MAX_WAITING:
            self._recorder.counts["dropped: too many calls outside of any request"] += 1
            return None
        return self._record

    def take(self, timeout_ns: int) -> list[Draft]:
        """The drafts that are done, oldest first; one that never ends is given up in time."""
        record = self._record
        if record is None:
            return []
        oldest = monotonic_ns() - timeout_ns
        done = [d for d in record.drafts if d.started_ns < oldest or _is_done(d)]
        if len(done) < len(record.drafts):
            record.drafts = [draft for draft in record.drafts if draft not in done]
        else:
            # a new one for what comes: bodies that are still open keep to the old one
            record.sealed = True
            self._record = None
            self._recorder.release(record)
        return done


def _is_done(draft: Draft) -> bool:
    body = getattr(draft.response, "body", None)
    return not draft.is_open and getattr(body, "state", "") != "open"
