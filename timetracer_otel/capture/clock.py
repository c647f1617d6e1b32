"""Clock reads of a request, each kept with the place that read."""

from __future__ import annotations

from collections.abc import Callable

from timetracer_otel.clocks import (
    WALL,
    Treatment,
    WallClock,
    caller,
    monotonic_changes,
    site_of,
    treatment,
)
from timetracer_otel.libraries import Library
from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.recorder import current_place

__all__ = ["LIBRARY"]

_RECORDED = Treatment.RECORDED


def _noting(clock: str, below: Callable[[], int]) -> Callable[[], int]:
    """`below`, and what it gives inside a trace is kept."""

    def read() -> int:
        now = below()
        try:
            place = current_place()
            if place is not None:
                frame = caller()
                if frame is not None and treatment(clock, frame) is _RECORDED:
                    record, path = place
                    record.note_read(clock, site_of(frame), path, now)
        except Exception:  # counted and logged once; the reading stands
            with guarded("clock"):
                raise
        return now

    return read


LIBRARY = Library(
    name="clock",
    protocol="",
    module="time",
    distribution="",
    versions="",
    switch="clock",
    changes=(
        WallClock(lambda below: _noting(WALL, below)),
        *monotonic_changes(_noting),
    ),
)
