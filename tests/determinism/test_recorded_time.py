"""The clocks of a cassette, read again."""

from __future__ import annotations

import pytest

from timetracer_otel.cassette import Cassette, ClockReads
from timetracer_otel.replay import recorded_time
from timetracer_otel.replay.recorded_time import RecordedTime

NOON = 1_769_860_800_000_000_000
REAL = 1_800_000_000_000_000_000


class Stopwatch:
    def __init__(self) -> None:
        self.now = 50

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    made = Stopwatch()
    monkeypatch.setattr(recorded_time, "monotonic_ns", made)
    return made


def clocks(*reads: ClockReads) -> RecordedTime:
    return RecordedTime(
        Cassette(
            timetracer=1,
            trace_id="0" * 32,
            recorded_at="2026-01-31T12:00:00.000000000Z",
            duration_us=1,
            clock=list(reads),
        )
    )


def at(path: str, *offsets: int, clock: str = "time", site: str = "shop:price") -> ClockReads:
    return ClockReads(clock=clock, site=site, path=path, offsets_ns=list(offsets))


def test_a_place_gets_its_readings_in_order(stopwatch: Stopwatch) -> None:
    time = clocks(at("", 10, 20))
    assert [time.read("time", "shop:price", "", REAL) for _ in range(2)] == [NOON + 10, NOON + 20]


def test_tasks_get_their_own_readings_whatever_their_order(stopwatch: Stopwatch) -> None:
    time = clocks(at("task#1", 10), at("task#2", 20))
    assert time.read("time", "shop:price", "task#2", REAL) == NOON + 20
    assert time.read("time", "shop:price", "task#1", REAL) == NOON + 10


def test_a_place_on_another_path_gets_what_is_left(stopwatch: Stopwatch) -> None:
    time = clocks(at("task#1", 10))
    assert time.read("time", "shop:price", "elsewhere", REAL) == NOON + 10


def test_other_places_get_the_time_since_the_recording_began(stopwatch: Stopwatch) -> None:
    time = clocks(at("", 10))
    stopwatch.now += 7
    assert time.read("time", "shop:new", "", REAL) == NOON + 7


def test_other_places_never_read_less_than_was_given_before(stopwatch: Stopwatch) -> None:
    time = clocks(at("", 1000))
    time.read("time", "shop:price", "", REAL)
    assert time.read("time", "shop:new", "", REAL) == NOON + 1000
    stopwatch.now += 2000
    assert time.read("time", "shop:new", "", REAL) == NOON + 2000


def test_a_place_read_more_often_than_recorded_goes_on_with_the_running_clock(
    stopwatch: Stopwatch,
) -> None:
    time = clocks(at("", 10))
    time.read("time", "shop:price", "", REAL)
    stopwatch.now += 500
    assert time.read("time", "shop:price", "", REAL) == NOON + 500


def test_monotonic_clocks_run_on_from_their_first_recorded_reading(stopwatch: Stopwatch) -> None:
    time = clocks(at("", 900, 950, clock="monotonic"))
    stopwatch.now += 5
    assert time.read("monotonic", "shop:new", "", REAL) == 905
    assert time.read("monotonic", "shop:price", "", REAL) == 900


def test_a_monotonic_clock_that_was_never_read_stays_real(stopwatch: Stopwatch) -> None:
    assert clocks(at("", 10)).read("perf_counter", "shop:price", "", REAL) == REAL


def test_an_empty_list_of_readings_is_no_reading(stopwatch: Stopwatch) -> None:
    assert clocks(at("", clock="monotonic")).read("monotonic", "shop:price", "", REAL) == REAL
