"""Clock reads of a request, each kept with the place that read."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any

from timetracer_otel.clocks import (
    WALL,
    Treatment,
    caller,
    monotonic_changes,
    treatment,
    treatments_of,
    wall_changes,
)
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.recording.current import IN_FORCE
from timetracer_otel.recording.guard import guarded

__all__ = ["LIBRARY"]

_RECORDED = Treatment.RECORDED


def _noting(clock: str, below: Callable[[], int]) -> Callable[..., int]:
    """`below`, and what it gives inside a trace is kept."""
    known = treatments_of(clock)

    def read(reader: FrameType | None = None) -> int:
        now = below()
        try:
            frame = reader if reader is not None else caller()
            recorder = IN_FORCE.recorder
            if frame is None or recorder is None:
                return now
            try:
                treated = known[frame.f_globals["__name__"]]
            except (KeyError, TypeError):  # not seen yet; or it is one of ours
                frame = caller(frame)
                if frame is None:
                    return now
                treated = treatment(clock, frame)
            if treated is _RECORDED:  # few reads are
                place = recorder.here()
                if place is not None:
                    record, flow = place
                    record.note_read(clock, frame, flow, now)
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


def _loop_time(original: Callable[[Any], float]) -> Callable[[Any], float]:
    """A loop asks some ten times a call, and is left alone: it has the way round spared."""
    ours: Any = time.monotonic
    below: Callable[[], float] = ours.__wrapped__

    @wraps(original)
    def loop_time(self: Any) -> float:
        # somebody else may hold the clock by now
        return below() if time.monotonic is ours else original(self)

    return loop_time


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
        *monotonic_changes(_noting, Treatment.REAL, Treatment.TICKING),
        Patch("asyncio.base_events:BaseEventLoop.time", _loop_time),
    ),
)
