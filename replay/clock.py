"""Every clock of the process shows the time of the recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FrameType

from timetracer_otel.cassette import Cassette
from timetracer_otel.clocks import (
    WALL,
    Treatment,
    caller,
    monotonic_changes,
    site_of,
    treatment,
    wall_changes,
)
from timetracer_otel.errors import CannotReplay
from timetracer_otel.patching import Ledger
from timetracer_otel.recording.recorder import current_place
from timetracer_otel.replay.recorded_time import RecordedTime

__all__ = ["install_clock"]


_CurrentTime = Callable[[], RecordedTime | None]


def install_clock(first: Cassette | None, current_time: _CurrentTime) -> Callable[[], None]:
    """From now on code reads the time of the session it runs in; returns what undoes it.

    `current_time` gives the time of the running code's session. Outside of any session it is
    the time of `first`, from its beginning; without `first` it is what it is. Timers,
    `time.sleep`, event loops and telemetry stay real. Raises `CannotReplay` when the application
    holds the clock itself.
    """
    outside = RecordedTime(first) if first is not None else None

    def giving(clock: str, below: Callable[[], int]) -> Callable[[], int]:
        return _giving(clock, below, outside, current_time)

    monotonic = monotonic_changes(giving, Treatment.REAL)
    ledger = Ledger()
    try:
        ledger.apply((*wall_changes(partial(giving, WALL)), *monotonic))
    except RuntimeError as error:
        hint = "`--no-clock` replays with the time that it is"
        raise CannotReplay(subject="the clock", reason=str(error), hint=hint) from error
    return ledger.restore


def _giving(
    clock: str,
    below: Callable[[], int],
    outside: RecordedTime | None,
    current_time: _CurrentTime,
) -> Callable[[], int]:
    def read(reader: FrameType | None = None) -> int:
        real_ns = below()
        frame = caller(reader)
        treated = treatment(clock, frame) if frame is not None else Treatment.TICKING
        if treated is Treatment.REAL:
            return real_ns
        time = current_time()
        if time is None:
            return outside.running(clock, real_ns) if outside is not None else real_ns
        if frame is None or treated is Treatment.TICKING:
            return time.running(clock, real_ns)
        place = current_place()
        path = place[1] if place is not None else ""
        return time.read(
            clock, site_of(frame.f_globals.get("__name__", "?"), frame.f_code), path, real_ns
        )

    return read
