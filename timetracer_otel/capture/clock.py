"""Clock reads of a request, each kept with the place that read."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from timetracer_otel.clocks import (
    WALL,
    Treatment,
    caller,
    monotonic_changes,
    site_of,
    treatment,
    wall_changes,
)
from timetracer_otel.libraries import Library
from timetracer_otel.patching import PatchIfPresent
from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.recorder import current_place

__all__ = ["LIBRARY"]

_RECORDED = Treatment.RECORDED


def _noting(clock: str, below: Callable[[], int]) -> Callable[[], int]:
    """`below`, and what it gives inside a trace is kept."""

    def read() -> int:
        now = below()
        try:
            frame = caller()
            if frame is not None and treatment(clock, frame) is _RECORDED:  # few reads are
                place = current_place()
                if place is not None:
                    record, path = place
                    record.note_read(clock, site_of(frame), path, now)
        except Exception:  # counted and logged once; the reading stands
            with guarded("clock"):
                raise
        return now

    return read


def _undiverted(diverted: Callable[[], int]) -> Callable[[], int]:
    """The clock as it is without the diversion, for those who are left alone anyway."""
    original: Callable[[], int] = importlib.import_module("_time_machine").original_time_ns

    def time_ns() -> int:
        try:
            return original()
        except ValueError:  # somebody ended the diversion
            return diverted()

    return time_ns


# telemetry reads the clock some eight times a request: 8 µs by way of `_noting`
_TELEMETRY = tuple(
    PatchIfPresent(f"{module}:time_ns", _undiverted)
    for module in (
        "opentelemetry.sdk.trace",
        "opentelemetry.sdk.metrics._internal.instrument",
        "timetracer_otel.recording.trace",
    )
)

LIBRARY = Library(
    name="clock",
    protocol="",
    module="time",
    distribution="",
    versions="",
    switch="clock",
    changes=(
        *wall_changes(lambda below: _noting(WALL, below)),
        *_TELEMETRY,
        *monotonic_changes(_noting),
    ),
)
