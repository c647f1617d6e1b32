"""Rules, switch and limits in a recording: what is kept, and that every request is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from tests.core.tracing import Recording, answer, call, recording
from timetracer_otel.accounts import Accounts, accounts_of
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin, begin_entry
from timetracer_otel.recording.processor import RecordingSpanProcessor
from timetracer_otel.sampling.debug_header import DEBUG_HEADER, signed

KEY = "a key that nobody else has"


@contextmanager
def inbound(
    recorded: Recording, path: str = "/items/1", status: int = 200, **headers: str
) -> Iterator[Any]:
    """An inbound request and its answer; gives its entry, None where it is not recorded."""
    pairs = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
    with recorded.tracer.start_as_current_span(f"GET {path}", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", f"http://shop{path}", pairs))
        yield entry
        if entry is not None:
            entry.answered(HttpResponseRef(status, []))


def ask(recorded: Recording, path: str = "/items/1", status: int = 200, **headers: str) -> bool:
    """Whether an inbound request was recorded as it happened."""
    with inbound(recorded, path, status, **headers) as entry:
        return entry is not None


def sums(recorded: Recording) -> Accounts:
    assert recorded.recorder.flush()
    return accounts_of(recorded.recorder)


def kept(recorded: Recording) -> list[str]:
    return [c.entry.request.url.removeprefix("http://shop") for c in recorded.cassettes()]  # type: ignore[union-attr]


def test_what_came_of_a_request_decides_when_it_is_complete() -> None:
    with recording(statuses=("5xx", "404"), exclude_routes=("^/internal",)) as recorded:
        assert ask(recorded, "/a")
        assert ask(recorded, "/b", 404)
        with inbound(recorded, "/internal/1", 500) as entry:
            entry.request.route = "/internal/{id}"
        assert kept(recorded) == ["/b"]
        accounts = sums(recorded)
    assert (accounts.recorded, accounts.left_out) == (1, {"status": 1, "route": 1})


def test_a_request_that_is_refused_at_once_has_no_drafts() -> None:
    with recording(sample_rate=0.0) as recorded:
        with inbound(recorded) as entry:
            assert entry is None
            assert begin("http", "httpx", HttpRequestRef("GET", "http://upstream/", [])) is None
        assert sums(recorded).left_out == {"rate": 1}


@pytest.mark.parametrize("how", ["status", "raises", "span"])
def test_what_failed_is_known_by_status_exception_or_span(how: str) -> None:
    with recording(always_errors=True, sample_rate=0.0) as recorded:
        assert ask(recorded, "/fine")
        with inbound(recorded, "/fails", 500 if how == "status" else 200) as entry:
            if how == "raises":
                entry.also_raised(ValueError("no"))
            elif how == "span":
                trace.get_current_span().set_status(StatusCode.ERROR)
        with inbound(recorded, "/not-there", 404) as entry:
            entry.also_raised(ValueError("answered as a 404"))
        assert kept(recorded) == ["/fails"]
        assert sums(recorded).left_out == {"rate": 2}


def test_a_user_is_known_by_any_span_of_the_request() -> None:
    with recording(users=("ann",)) as recorded:
        for path, user in (("/1", "ann"), ("/2", "bob")):
            with inbound(recorded, path), recorded.tracer.start_as_current_span("view") as span:
                span.set_attribute("enduser.id", user)
        assert kept(recorded) == ["/1"]


def test_a_signed_header_is_stronger_than_every_rule() -> None:
    rules: dict[str, Any] = {"sample_rate": 0.0, "exclude_paths": ("^/health",), "errors_only": 1}
    good = {DEBUG_HEADER.replace("-", "_"): signed(KEY, int(time.time()) + 60)}
    old = {DEBUG_HEADER.replace("-", "_"): signed(KEY, int(time.time()) - 1)}
    with recording(debug_key=KEY, **rules) as recorded:
        assert not ask(recorded, "/1")
        assert not ask(recorded, "/2", 200, **old)
        assert not ask(recorded, "/health/1", 500)
        assert ask(recorded, "/3", 200, **good)
        assert ask(recorded, "/health/2", 200, **good)
        assert kept(recorded) == ["/3", "/health/2"]
        assert sums(recorded).left_out == {"rate": 2, "path": 1}


def test_no_piece_of_a_refused_request_is_kept() -> None:
    with recording(errors_only=True) as recorded:
        with inbound(recorded, "/1"):
            context = trace.set_span_in_context(trace.get_current_span())
        assert kept(recorded) == []
        with recorded.tracer.start_as_current_span("late", context):
            assert begin("http", "httpx", HttpRequestRef("GET", "http://upstream/", [])) is None
        assert recorded.cassettes() == []
        assert sums(recorded).dropped == {}


def test_what_nobody_asked_for_is_kept_as_start_up_traffic_all_the_same() -> None:
    with recording(errors_only=True) as recorded:
        answer(call(recorded))
        recorded.recorder.flush()
        assert ask(recorded, "/1", 500)
        (cassette,) = recorded.cassettes()
    assert len(cassette.bootstrap) == 1


def test_head_sampling_is_respected() -> None:
    with recording() as recorded:
        provider = TracerProvider(sampler=TraceIdRatioBased(0.0))
        provider.add_span_processor(RecordingSpanProcessor(recorded.recorder))
        recorded.tracer = provider.get_tracer("tests")
        assert not ask(recorded)
        accounts = sums(recorded)
    assert (accounts.recorded, accounts.dropped, accounts.left_out) == (0, {}, {})


def test_a_replay_knows_no_rules() -> None:
    with recording(mode="replay", sample_rate=0.0, errors_only=True) as recorded:
        assert ask(recorded)
        assert kept(recorded) == ["/items/1"]


def test_while_the_file_says_off_nothing_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "switch"
    file.write_text("off\n")
    with recording(switch_file=str(file)) as recorded:
        switch = recorded.recorder.switch
        assert not ask(recorded, "/1")
        for said, path in (("on", "/2"), ("OFF", "/3"), ("", "/4"), ("off", "/5")):
            file.write_text(said)
            switch._looked = 0.0
            switch.look()
            assert ask(recorded, path) is (path in {"/2", "/4"})
        file.unlink()
        switch._looked = 0.0
        switch.look()
        assert ask(recorded, "/6")
        assert kept(recorded) == ["/2", "/4", "/6"]
        assert sums(recorded).left_out == {"switched off": 3}


def test_a_request_under_way_is_recorded_to_its_end(tmp_path: Path) -> None:
    with recording() as recorded:
        with inbound(recorded, "/1"):
            recorded.recorder.switch.turn(off=True)
            assert begin("http", "httpx", HttpRequestRef("GET", "http://up/", [])) is not None
        recorded.recorder.switch.turn(off=False)


def test_under_load_recordings_are_thinned_and_errors_are_not() -> None:
    with recording(max_queue=100) as recorded:
        recorded.recorder.worker._started = True  # nobody writes
        for number in range(200):
            ask(recorded, f"/{number}", 500 if number % 10 == 0 else 200)
        dropped = dict(accounts_of(recorded.recorder).dropped)
        recorded_ = kept(recorded)
        accounts = sums(recorded)
        assert ask(recorded, "/after")
        assert kept(recorded)[-1] == "/after"
    assert set(dropped) <= {"thinned under load", "queue full"}
    assert dropped["thinned under load"] > 50
    assert sum(int(path[1:]) % 10 == 0 for path in recorded_) > 15
    assert accounts.recorded + sum(accounts.dropped.values()) == 200


def test_every_drop_is_counted_whatever_thread_it_comes_from() -> None:
    with recording(max_queue=0) as recorded:
        threads = [
            threading.Thread(target=lambda: [ask(recorded) for _ in range(200)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sums(recorded).dropped == {"queue full": 1600}


def test_a_recording_that_cannot_be_made_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("timetracer_otel.recording.worker.gather", fails)
    with recording() as recorded:
        ask(recorded)
        assert sums(recorded).dropped == {"a fault of the recording": 1}


def test_the_worker_looks_at_everything_else_though_its_queue_is_never_empty(
    tmp_path: Path,
) -> None:
    """At saturation: the switch is read, time limits hold, the writing process is started."""
    seen = threading.Event()
    with recording() as recorded:
        stop = threading.Event()

        def load() -> None:
            while not stop.is_set():
                ask(recorded)

        threads = [threading.Thread(target=load) for _ in range(2)]
        recorded.recorder.worker.listeners.append(seen.set)
        for thread in threads:
            thread.start()
        found = seen.wait(20)
        stop.set()
        for thread in threads:
            thread.join()
    assert found
