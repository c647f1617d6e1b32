"""What is kept of the clock, and that the application reads what it read before."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import subprocess
import sys
import threading
import time
import uuid
from contextvars import copy_context
from time import time_ns as imported_before

import pytest
import time_machine

import timetracer_otel.capture
from tests.core.tracing import Recording, request
from timetracer_otel.capture import clock
from timetracer_otel.cassette import Cassette
from timetracer_otel.clocks import WallClock
from timetracer_otel.libraries import Installation
from timetracer_otel.recording import trace
from timetracer_otel.recording.guard import FAULTS

CLOCK_NAMES = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


def readings(cassette: Cassette, name: str) -> list[int]:
    """What was read of the clock `name` by this module."""
    start = cassette.recorded_ns if name == "time" else 0
    return [
        start + offset
        for reads in cassette.clock
        if reads.clock == name and reads.site.startswith(__name__ + ":")
        for offset in reads.offsets_ns
    ]


def test_every_read_of_the_wall_clock_is_kept_as_the_application_saw_it(
    recorded: Recording,
) -> None:
    with request(recorded):
        nanoseconds = time.time_ns()
        seconds = time.time()
        moment = dt.datetime.now(dt.UTC)
        early = imported_before()
    first, second, third, fourth = readings(recorded.cassettes()[0], "time")
    assert (first, fourth) == (nanoseconds, early)
    assert second / 1_000_000_000 == seconds
    assert third // 1000 % 1_000_000 == moment.microsecond


def test_the_time_as_text_is_a_read_of_the_clock_too(recorded: Recording) -> None:
    with request(recorded):
        texts = [time.ctime(), time.asctime()]
        time.ctime(0)
        with pytest.raises(TypeError):
            time.ctime("noon")  # type: ignore[arg-type]
    kept = readings(recorded.cassettes()[0], "time")
    assert [time.ctime(reading / 1e9) for reading in kept] == texts


def test_the_place_is_the_function_that_read(recorded: Recording) -> None:
    with request(recorded):
        time.time()
        time.perf_counter()
    sites = {(reads.clock, reads.site) for reads in recorded.cassettes()[0].clock}
    here = f"{__name__}:test_the_place_is_the_function_that_read"
    assert {("time", here), ("perf_counter", here)} <= sites


def test_monotonic_clocks_are_kept_to_the_last_digit(recorded: Recording) -> None:
    with request(recorded):
        seen = [time.perf_counter(), time.monotonic()]
        exact = [time.perf_counter_ns(), time.monotonic_ns()]
    (cassette,) = recorded.cassettes()
    kept = [readings(cassette, "perf_counter"), readings(cassette, "monotonic")]
    assert [clock[0] / 1e9 for clock in kept] == seen
    assert [clock[1] for clock in kept] == exact


def test_nothing_is_kept_outside_of_a_request(recorded: Recording) -> None:
    time.time()
    with request(recorded):
        pass
    time.time()
    assert readings(recorded.cassettes()[0], "time") == []


def test_readings_never_go_back(recorded: Recording) -> None:
    with request(recorded):
        seen: list[int] = []
        for _ in range(200):
            seen.append(time.time_ns() // 1000)
            moment = dt.datetime.now(dt.UTC)
            whole = moment.replace(microsecond=0).timestamp()
            seen.append(int(whole) * 1_000_000 + moment.microsecond)
    assert seen == sorted(seen)


def test_a_subclass_of_datetime_stays_one(recorded: Recording) -> None:
    class Moment(dt.datetime):
        pass

    with request(recorded):
        assert type(Moment.now()) is Moment
        assert type(Moment.today()) is Moment


def test_log_records_and_telemetry_are_not_kept(recorded: Recording) -> None:
    with request(recorded):
        logging.getLogger("application").warning("said")
        with recorded.tracer.start_as_current_span("inside"):
            pass
    assert recorded.cassettes()[0].clock == []


def test_the_event_loops_clock_is_left_alone(recorded: Recording) -> None:
    async def work() -> None:
        await asyncio.sleep(0.001)

    with request(recorded):
        asyncio.run(work())
    assert recorded.cassettes()[0].clock == []


def test_a_thread_of_the_request_reads_into_its_cassette(recorded: Recording) -> None:
    seen: list[int] = []

    def work() -> None:
        seen.append(time.time_ns())

    with request(recorded):
        thread = threading.Thread(target=copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert readings(recorded.cassettes()[0], "time") == seen


def test_beyond_the_bound_reads_are_counted_and_not_kept(
    recorded: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "MAX_READS", 2)
    with request(recorded):
        for _ in range(5):
            time.time()
    (cassette,) = recorded.cassettes()
    assert len(readings(cassette, "time")) == 2
    assert [(cut.what, cut.count) for cut in cassette.dropped] == [("clock", 3)]


def test_a_fault_of_ours_never_reaches_the_application(
    recorded: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("ours")

    before = FAULTS["clock"]
    with request(recorded):
        monkeypatch.setattr(clock, "caller", broken)
        assert dt.datetime.now(dt.UTC).year >= 2025
        monkeypatch.undo()
    assert FAULTS["clock"] > before


def test_uninstalling_leaves_the_very_functions_that_were_there() -> None:
    before = [getattr(time, name) for name in CLOCK_NAMES]
    capture = Installation(timetracer_otel.capture)
    capture.install(("none",))
    assert [getattr(time, name) for name in CLOCK_NAMES] != before
    capture.uninstall()
    assert [getattr(time, name) for name in CLOCK_NAMES] == before
    assert not time_machine.escape_hatch.is_travelling()


def test_uuid1_keeps_the_systems_generator(recorded: Recording) -> None:
    """time-machine takes it away from everybody; then two processes could make the same."""
    generator = getattr(uuid, "_generate_time_safe", None)
    if generator is None:
        pytest.skip("this Python has no libuuid")
    assert uuid.uuid1().is_safe is uuid.SafeUUID(generator()[1])


def test_an_application_that_travels_in_time_keeps_its_clock() -> None:
    with time_machine.travel(0, tick=False):
        with pytest.raises(RuntimeError, match="travels in time itself"):
            WallClock(lambda below: below).apply()
        assert time.time() == 0


def test_an_application_may_travel_while_it_is_recorded(recorded: Recording) -> None:
    with request(recorded):
        with time_machine.travel(0, tick=False):
            assert time.time() == 0
        assert time.time() > 1_000_000_000


def test_two_layers_each_see_what_the_one_below_gives() -> None:
    undo_below = WallClock(lambda _: lambda: 5_000_000_000).apply()
    try:
        undo_above = WallClock(lambda below: lambda: below() + 1).apply()
        assert time.time_ns() == 5_000_000_001
        undo_above()
        assert time.time_ns() == 5_000_000_000
    finally:
        undo_below()
    assert time.time_ns() > 5_000_000_001


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_still_reads_the_clock() -> None:
    code = """
import os, time, datetime, threading
import timetracer_otel.capture
from timetracer_otel.libraries import Installation
Installation(timetracer_otel.capture).install(("none",))
child = os.fork()
if child == 0:
    os._exit(0 if abs(datetime.datetime.now().timestamp() - time.time()) < 60 else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0


def test_pytest_is_not_brought_into_the_application() -> None:
    """time-machine would import it wherever it is installed."""
    code = """
import sys
import timetracer_otel.capture
from timetracer_otel.libraries import Installation
statuses = Installation(timetracer_otel.capture).install(("none",))
assert any(status.name == "clock" and status.captured for status in statuses)
raise SystemExit("pytest" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
