"""What is remembered of complete traces: what a detached task does later belongs to them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from timetracer_otel.recording.flow import Flow
    from timetracer_otel.recording.trace import TraceRecord

__all__ = ["MAX_FRAGMENTS", "Ended", "Finished"]

MAX_FRAGMENTS = 100
"""Pieces that may follow one trace: each one means writing its cassette again."""

_MAX_TRACES = 4096
_MAX_SPANS = 20_000


class Ended:
    """A complete trace, by its spans' places in it; `fragments_left` pieces may follow.

    `fragment` is the piece that is open now, if any. Of a trace that is `refused` no piece is
    kept either.
    """

    __slots__ = ("flows", "fragment", "fragments_left", "refused", "root_span_id")

    def __init__(self, root_span_id: int, flows: dict[int, Flow], fragments_left: int) -> None:
        self.root_span_id = root_span_id
        self.flows = flows
        self.fragments_left = fragments_left
        self.fragment: TraceRecord | None = None
        self.refused = False


class Finished:
    """The last few thousand complete traces. A service that calls itself has several of one ID.

    Not synchronised: its recorder's lock is held around every call.
    """

    def __init__(self) -> None:
        self._traces: OrderedDict[int, list[Ended]] = OrderedDict()
        self._spans = 0

    def add(self, record: TraceRecord) -> None:
        """`record` is complete; a piece of a trace joins what is known of it."""
        ended = record.continues
        if ended is not None:
            ended.fragment = None
            ended.flows.update(record.flows)
        else:
            whole = record.root_span is not None and not record.is_cut
            left = MAX_FRAGMENTS if whole else 0
            ended = Ended(record.root_span_id, record.flows, left)
            self._traces.setdefault(record.trace_id, []).append(ended)
        record.ended = ended
        self._spans += len(record.flows)
        while self._traces and (len(self._traces) > _MAX_TRACES or self._spans > _MAX_SPANS):
            _, gone = self._traces.popitem(last=False)
            self._spans -= sum(len(ended.flows) for ended in gone)

    def find(self, trace_id: int, span_id: int) -> Ended | None:
        """The complete trace that the span belonged to."""
        for ended in self._traces.get(trace_id, ()):
            if span_id in ended.flows:
                return ended
        return None

    def clear(self) -> None:
        """Forget everything."""
        self._traces.clear()
        self._spans = 0
