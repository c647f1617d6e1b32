"""What became of every request: recorded, dropped by a limit or a fault, or left out by a rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from timetracer_otel.recording.recorder import Recorder

__all__ = ["DROPPED", "LEFT_OUT", "Accounts", "Tally", "accounts_of"]

DROPPED, LEFT_OUT = "dropped: ", "left out: "
"""How the two begin in a recorder's `counts`; the reason follows."""


@dataclass(slots=True)
class Tally:
    """What a store has done since the process began: a sink that keeps one has it as `tally`.

    `written` counts traces, once each whatever follows them; `lost` what could not be written,
    by reason; `removed` what was taken away again to make room.
    """

    written: int = 0
    bytes: int = 0
    removed: int = 0
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, said: Mapping[str, Any]) -> None:
        """Add another's tally, as `as_said` has it."""
        self.written += said["written"]
        self.bytes += said["bytes"]
        self.removed += said["removed"]
        self.lost.update(said["lost"])

    def as_said(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "written": self.written,
            "bytes": self.bytes,
            "removed": self.removed,
            "lost": dict(self.lost),
        }

    def clear(self) -> None:
        """In the child of a fork: what was done is the parent's."""
        self.written = self.bytes = self.removed = 0
        self.lost.clear()


@dataclass(frozen=True, slots=True)
class Accounts:
    """A process's own sums at one moment. `queue`: complete, and not known to be written."""

    recorded: int
    bytes: int
    queue: int
    removed: int
    dropped: dict[str, int]
    left_out: dict[str, int]


def accounts_of(recorder: Recorder) -> Accounts:
    """As they stand; any thread may ask, and waits for nobody."""
    counts = dict(recorder.counts)
    tallies = [sink.tally for sink in recorder.worker.sinks if hasattr(sink, "tally")]
    dropped = Counter(_beginning(DROPPED, counts))
    for tally in tallies:
        dropped.update(dict(tally.lost))
    return Accounts(
        recorded=max((tally.written for tally in tallies), default=counts.get("recorded", 0)),
        bytes=sum(tally.bytes for tally in tallies),
        queue=recorder.worker.waiting,
        removed=sum(tally.removed for tally in tallies),
        dropped=dict(dropped),
        left_out=_beginning(LEFT_OUT, counts),
    )


def _beginning(prefix: str, counts: dict[str, int]) -> dict[str, int]:
    return {n.removeprefix(prefix): c for n, c in counts.items() if n.startswith(prefix)}
