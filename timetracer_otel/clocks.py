"""Where a program reads the time, and how to stand in between: one place for both sides.

The wall clock is C code behind a dozen names (`datetime.now`, `date.today`, `time.time`,
`time.localtime`, …), many of them imported by name long before us; time-machine diverts them
all, and asks the top of its stack for the time. The monotonic clocks are attributes of `time`.
"""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from timetracer_otel.patching import Change, Patch
from timetracer_otel.standing_in import in_place_of

__all__ = [
    "MONOTONIC",
    "WALL",
    "Treatment",
    "WallClock",
    "caller",
    "monotonic_changes",
    "site_of",
    "treated_as",
    "treatment",
    "treatments_of",
    "wall_changes",
]

WALL = "time"
MONOTONIC = ("monotonic", "perf_counter")

Reading = Callable[..., int]
"""A clock, in nanoseconds; a wrapped one may be told the frame that reads it."""


class Treatment(Enum):
    """What a read means, by the module of the code that reads."""

    RECORDED = "recorded, and given again in replay"
    TICKING = "not recorded: nothing that leaves the process depends on it; replay gives its time"
    REAL = "left alone on both sides"


_TELEMETRY = frozenset({"opentelemetry", "timetracer_otel", "time_machine"})
_RUNNERS = frozenset({"_pytest", "execnet", "hypothesis", "pluggy", "pytest", "xdist"})
"""What runs tests: it times them, each within what it records of itself."""

_LOOPS = frozenset(
    {
        *("anyio", "curio", "eventlet", "gevent", "tornado", "trio", "twisted", "uvloop"),
        *("granian", "gunicorn", "hypercorn", "uvicorn", "waitress"),
        *("motor", "pymongo"),
    }
)
"""Event loops, servers, drivers: they compare monotonic readings with timers, which stay real."""

_CONNECTIONS = frozenset({"h11", "h2", "httpcore", "httpcore2", "urllib3"})
"""Below the clients: they ask how old a connection is, and how long is left to wait."""

_UNSEEN = frozenset(
    {
        *("asyncio", "concurrent", "logging", "selectors", "socket", "ssl", "threading"),
        *("granian", "gunicorn", "hypercorn", "uvicorn", "waitress"),
        *_CONNECTIONS,
    }
)
"""Wall-clock readers whose readings reach no reply: log records, connection ages, `Date`."""

_OURS = frozenset(
    {"timetracer_otel.clocks", "timetracer_otel.capture.clock", "timetracer_otel.replay.clock"}
)
_STRANGE = "this version of time-machine does not divert the clock as expected"
_TREATMENTS: dict[str, dict[Any, Treatment]] = {clock: {} for clock in (WALL, *MONOTONIC)}
_TREATED: dict[str, dict[tuple[Treatment, ...], set[Any]]] = {clock: {} for clock in _TREATMENTS}
_frame = sys._getframe


def site_of(module: object, code: CodeType) -> str:
    """``module:function``: the place a read is keyed by."""
    return f"{module}:{code.co_qualname}"


def caller(reader: FrameType | None = None) -> FrameType | None:
    """The frame that reads the clock, past our own; None when C code without a frame does.

    `reader` is known to be it, or one of ours that it has called.
    """
    frame = reader
    if frame is None:
        try:
            frame = _frame(2)  # the first is the reading function, ours
        except ValueError:
            return None
    while frame is not None and frame.f_globals.get("__name__") in _OURS:
        frame = frame.f_back
    return frame


def treatment(clock: str, frame: FrameType) -> Treatment:
    """How a read of `clock` by the code of `frame` is treated."""
    known = _TREATMENTS[clock]
    module = frame.f_globals.get("__name__")
    try:
        return known[module]
    except (KeyError, TypeError):  # not seen yet; or a name that is no name at all
        name = module if isinstance(module, str) else "?"
        found = known[name] = _wall(name) if clock == WALL else _monotonic(name)
        for treated, names in _TREATED[clock].items():
            if found in treated:
                names.add(name)
        return found


def treatments_of(clock: str) -> dict[Any, Treatment]:
    """How `treatment` treats reads of `clock`, by module, as far as it was asked: it grows."""
    return _TREATMENTS[clock]


def treated_as(clock: str, *treated: Treatment) -> set[Any]:
    """The modules, as far as they have read `clock`, whose reads are treated so: it grows."""
    if treated not in _TREATED[clock]:
        known = {name for name, found in _TREATMENTS[clock].items() if found in treated}
        _TREATED[clock][treated] = known
    return _TREATED[clock][treated]


def _wall(module: str) -> Treatment:
    package = module.partition(".")[0]
    if package in _TELEMETRY or package in _RUNNERS or package.startswith("pytest_"):
        return Treatment.REAL
    if package in _UNSEEN or module.startswith("sqlalchemy.pool"):
        return Treatment.TICKING
    return Treatment.RECORDED


def _monotonic(module: str) -> Treatment:
    package = module.partition(".")[0]
    if package in _TELEMETRY or package in _LOOPS or package in _RUNNERS:
        return Treatment.REAL
    # the program itself is no part of the standard library, whatever its list says
    if package in sys.stdlib_module_names and package != "__main__":
        return Treatment.REAL
    if package in _CONNECTIONS:
        return Treatment.TICKING
    return Treatment.RECORDED


class _Traveller:
    """What time-machine keeps on its stack, reduced to what its C code calls."""

    def __init__(self, time_ns: Reading) -> None:
        self.time_ns = time_ns

    def _start(self) -> None: ...

    def _stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WallClock:
    """Replace the wall clock by ``wrap(clock)``, a patch of the same shape as `Patch`.

    The stack is used directly: `time_machine.travel` would show other threads another time
    until the replacement is in, and turns off libuuid's generator for `uuid1`. Precision stays
    what it was: `datetime` microseconds are cut, not rounded, from the nanoseconds (since
    time-machine 3.3.1). Raises RuntimeError when somebody else travels in time already, and
    when time-machine is not as we know it.
    """

    wrap: Callable[[Reading], Reading]

    def apply(self) -> Callable[[], None]:
        if "freezegun" in sys.modules and dt.datetime.__name__ == "FakeDatetime":
            raise RuntimeError("freezegun holds the clock")
        switch, stack = _time_machine()
        if stack and not isinstance(stack[-1], _Traveller):
            raise RuntimeError("the application travels in time itself, with time-machine")
        traveller = _Traveller(self.wrap(stack[-1].time_ns if stack else switch.original_time_ns))
        stack.append(traveller)
        if len(stack) == 1:
            switch.patch()

        def undo() -> None:
            if traveller in stack:
                stack.remove(traveller)
            if not stack:
                switch.unpatch()

        if not _works(traveller):
            undo()
            raise RuntimeError(_STRANGE)
        return undo


def _time_machine() -> tuple[Any, list[Any]]:
    with _without_pytest():
        machine = importlib.import_module("time_machine")
    switch: Any = getattr(machine, "_time_machine", None)
    stack: Any = getattr(machine, "traveller_stack", None)
    known = [hasattr(switch, name) for name in ("patch", "unpatch", "original_time_ns")]
    if not (all(known) and isinstance(stack, list)):
        raise RuntimeError(_STRANGE)
    return switch, stack


@contextmanager
def _without_pytest() -> Iterator[None]:
    """time-machine imports pytest where it is installed: 200 ms, and seen by the application."""
    present = "time_machine" in sys.modules or "pytest" in sys.modules
    names = {Path(argument).name.removesuffix(".exe") for argument in sys.orig_argv}
    if present or names & {"pytest", "py.test"}:
        yield
        return
    sys.modules["pytest"] = None  # type: ignore[assignment]  # how an import is made to fail
    try:
        yield
    finally:
        del sys.modules["pytest"]


def _works(traveller: _Traveller) -> bool:
    """Whether a subclass of datetime stays one, and reads what the traveller says."""

    class Moment(dt.datetime):
        pass

    before = traveller.time_ns() // 1000
    moment: dt.datetime = Moment.now(dt.UTC)
    after = traveller.time_ns() // 1000
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return type(moment) is Moment and before <= since // dt.timedelta(microseconds=1) <= after


def wall_changes(wrap: Callable[[Reading], Reading]) -> tuple[Change, ...]:
    """Replace the wall clock by ``wrap(clock)``, under the two names time-machine leaves out too.

    May be applied twice, for recording a replay: the outer names its moment to the inner.
    """
    return (
        WallClock(wrap),
        Patch("time:ctime", lambda original: _of_now(original, time.time)),
        Patch("time:asctime", lambda original: _of_now(original, time.localtime)),
    )


def _of_now(original: Callable[..., str], now: Callable[[], object]) -> Callable[..., str]:
    def text(_owner: object, /, *moment: object) -> str:
        return original(*(moment or (now(),)))

    return in_place_of(original, text, "time")  # type: ignore[no-any-return]


def monotonic_changes(
    wrap: Callable[[str, Reading], Reading], *alone: Treatment
) -> tuple[Change, ...]:
    """Replace the monotonic clocks by ``wrap(name, clock in nanoseconds)``.

    The readings in seconds are made of the nanoseconds as Python makes them: divided by 1e9.
    Whoever is treated as `alone`, as event loops are some forty times a request, gets no further
    than here.
    """
    changes: list[Change] = []
    for name in MONOTONIC:
        changes.append(Patch(f"time:{name}", _seconds(name, wrap, treated_as(name, *alone))))
        changes.append(Patch(f"time:{name}_ns", _nanoseconds(name, wrap)))
    return tuple(changes)


def _seconds(
    name: str, wrap: Callable[[str, Reading], Reading], alone: set[Any]
) -> Callable[..., Any]:
    def make(original: Callable[..., float]) -> Callable[[], float]:
        nanoseconds = wrap(name, getattr(time, f"{name}_ns"))

        def seconds(_owner: object, /, *wrong: object) -> float:
            if wrong:
                return original(*wrong)
            frame = None
            try:
                frame = _frame(1)
                if frame.f_globals["__name__"] in alone:
                    return original()
            except (KeyError, TypeError, ValueError):  # no module, a strange one, or no caller
                pass
            return nanoseconds(frame) / 1e9

        return in_place_of(original, seconds, "time")  # type: ignore[no-any-return]

    return make


def _nanoseconds(name: str, wrap: Callable[[str, Reading], Reading]) -> Callable[..., Any]:
    def make(original: Callable[..., int]) -> Reading:
        below = wrap(name, original)

        def nanoseconds(_owner: object, /, *wrong: object) -> int:
            return original(*wrong) if wrong else below()

        return in_place_of(original, nanoseconds, "time")  # type: ignore[no-any-return]

    return make
