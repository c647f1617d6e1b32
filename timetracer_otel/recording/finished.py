"""What is remembered of complete traces: what a detached task does later belongs to them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from timetracer_otel.recording.flow import Flow

if TYPE_CHECKING:
    from timetracer_otel.recording.trace import TraceRecord

__all__ = ["MAX_FRAGMENTS", "Ended", "Finished"]

MAX_FRAGMENTS = 100
"""Pieces that may follow one trace: each one means writing its cassette again."""

_MAX_TRACES = 4096
_MAX_SPANS = 20_000


class Ended:
    """A complete trace, by its spans' places in it; `fragments_left` pieces may follow.

    `fragment` is the piece that is open now, if any; `other`, one more of the same trace ID.
    Of a trace that is `refused` no piece is kept either.
    """

    __slots__ = ("_flows", "fragment", "fragments_left", "other", "refused", "root_span_id")

    def __init__(self, root_span_id: int, flows: dict[int, Flow], fragments_left: int) -> None:
        self.root_span_id = root_span_id
        self._flows: dict[int, Any] = flows
        self.fragments_left = fragments_left
        self.fragment: TraceRecord | None = None
        self.other: Ended | None = None
        self.refused = False

    def __contains__(self, span_id: int) -> bool:
        return span_id in self._flows

    def __len__(self) -> int:
        return len(self._flows)

    def flow(self, span_id: int) -> Flow | None:
        """The place of one of its spans."""
        found = self._flows.get(span_id)
        if type(found) is tuple:
            found = self._flows[span_id] = Flow.unpacked(found, span_id)
        return found

    def add(self, flows: dict[int, Flow]) -> None:
        """The spans of a piece that followed."""
        self._flows.update(flows)

    def pack(self) -> None:
        """It is written: hardly any of these is ever asked for again.

        There are thousands of them, and whatever the garbage collector looks at costs a request.
        """
        self._flows = {
            span_id: flow if type(flow) is tuple else flow.packed()
            for span_id, flow in self._flows.items()
        }


class Finished:
    """The last few thousand complete traces. A service that calls itself has several of one ID.

    Not synchronised: its recorder's lock is held around every call.
    """

    def __init__(self) -> None:
        self._traces: OrderedDict[int, Ended] = OrderedDict()
        self._spans = 0

    def add(self, record: TraceRecord) -> Ended:
        """`record` is complete; a piece of a trace joins what is known of it."""
        ended = record.continues
        if ended is not None:
            ended.fragment = None
            ended.add(record.flows)
        else:
            whole = record.root_span is not None and not record.is_cut
            left = MAX_FRAGMENTS if whole else 0
            ended = Ended(record.root_span_id, record.flows, left)
            first = self._traces.setdefault(record.trace_id, ended)
            if first is not ended:
                ended.other, first.other = first.other, ended
        self._spans += len(record.flows)
        while self._traces and (len(self._traces) > _MAX_TRACES or self._spans > _MAX_SPANS):
            _, gone = self._traces.popitem(last=False)
            self._spans -= sum(map(len, _all(gone)))
        return ended

    def find(self, trace_id: int, span_id: int) -> Ended | None:
        """The complete trace that the span belonged to."""
        return next((e for e in _all(self._traces.get(trace_id)) if span_id in e), None)

    def clear(self) -> None:
        """Forget everything."""
        self._traces.clear()
        self._spans = 0


def _all(ended: Ended | None) -> Iterator[Ended]:
    while ended is not None:
        yield ended
        ended = ended.other
