"""The time of one recording, as the code of its replay reads it."""

from __future__ import annotations

from collections import deque
from time import monotonic_ns

from timetracer_otel.cassette import Cassette
from timetracer_otel.clocks import WALL

__all__ = ["RecordedTime"]


class RecordedTime:
    """The clocks of one cassette; they begin to run when it is made.

    A read at a recorded place gets the recorded reading, first in first out: by clock, site and
    path, then by clock and site. Any other gets a clock that runs on from the recording's
    beginning, at the speed of the real one, and never goes back behind what it gave before.
    """

    def __init__(self, cassette: Cassette) -> None:
        self._began_ns = monotonic_ns()
        self._starts: dict[str, int] = {WALL: cassette.recorded_ns}
        self._latest: dict[str, int] = {}
        self._places: dict[tuple[str, str], dict[str, deque[int]]] = {}
        for reads in cassette.clock:
            base = cassette.recorded_ns if reads.clock == WALL else 0
            readings = [base + offset for offset in reads.offsets_ns]
            if not readings:
                continue
            if reads.clock != WALL:
                self._starts[reads.clock] = min(
                    *readings, self._starts.get(reads.clock, readings[0])
                )
            place = self._places.setdefault((reads.clock, reads.site), {})
            place.setdefault(reads.path, deque()).extend(readings)

    def read(self, clock: str, site: str, path: str, real_ns: int) -> int:
        """What the code at `site` reads; `real_ns` if the recording has nothing of this clock."""
        recorded = self._recorded(clock, site, path)
        if recorded is None:
            return self.running(clock, real_ns)
        self._latest[clock] = max(recorded, self._latest.get(clock, recorded))
        return recorded

    def running(self, clock: str, real_ns: int) -> int:
        """The clock as it runs between the recorded readings."""
        start = self._starts.get(clock)
        if start is None:
            return real_ns
        now = start + monotonic_ns() - self._began_ns
        latest = self._latest[clock] = max(now, self._latest.get(clock, now))
        return latest

    def _recorded(self, clock: str, site: str, path: str) -> int | None:
        place = self._places.get((clock, site))
        if place is None:
            return None
        here = place.get(path)
        # threads may empty a queue between two lines, so nothing is asked before it is taken
        for readings in ([here] if here is not None else []) + list(place.values()):
            try:
                return readings.popleft()
            except IndexError:
                continue
        return None
