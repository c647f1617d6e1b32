"""What is kept has a bound, what is over stays over, and nothing waits for itself."""

from __future__ import annotations

import gc
import os
import signal
import threading
import weakref
from typing import Any

import pytest
from opentelemetry import trace as otel
from opentelemetry.context import Context, attach
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from tests.core.tracing import answer, call, recording, request
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin, discard_trace
from timetracer_otel.recording import finished as finished_module
from timetracer_otel.recording import outside as outside_module
from timetracer_otel.recording import recorder as recorder_module
from timetracer_otel.recording.processor import RecordingSpanProcessor

REMOTE = otel.set_span_in_context(
    NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1)))
)


def tables(recorded: Any) -> tuple[int, int]:
    return len(recorded.recorder._by_span), len(recorded.recorder._open)


def test_nothing_of_a_complete_trace_stays_in_the_tables() -> None:
    with recording() as recorded:
        with request(recorded):
            answer(call(recorded))
        assert recorded.cassettes()
        assert tables(recorded) == (0, 0)


def test_what_a_trace_held_is_freed_without_the_garbage_collector() -> None:
    class Request(HttpRequestRef):
        __slots__ = ("__weakref__",)

    gc.disable()
    try:
        with recording() as recorded:
            with request(recorded):
                draft = begin("http", "x", Request("GET", "http://x/", []))
                assert draft is not None
                kept = weakref.ref(draft.request)
                answer(draft)
                del draft
            assert recorded.cassettes()
            assert kept() is None
    finally:
        gc.enable()


def test_after_the_cut_nothing_is_added_and_nothing_comes_back() -> None:
    with recording(trace_timeout_s=0.0) as recorded:
        with request(recorded) as entry:
            draft = call(recorded)
            body = draft.body()
            body.feed(b"before")
            draft.answered(HttpResponseRef(200, [], body))
            recorded.recorder.expire()
            body.feed(b"after")
            body.finish()
            late = begin("http", "httpx", HttpRequestRef("GET", "http://late/", []))
            assert late is None
            with recorded.tracer.start_as_current_span("late", kind=SpanKind.CLIENT):
                assert begin("http", "httpx", None, own_span=True) is None
            entry.answered(HttpResponseRef(200, []))
        (cassette,) = recorded.cassettes()
        assert tables(recorded) == (0, 0)
        assert recorded.recorder.granted == 0
    assert cassette.interactions[0].response.body.text == "before"  # type: ignore[union-attr]


def test_a_trace_of_too_many_spans_is_cut_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MAX_SPANS", 10)
    with recording() as recorded:
        with request(recorded):
            for _ in range(30):
                with recorded.tracer.start_as_current_span("step"):
                    pass
        (cassette,) = recorded.cassettes()
        assert tables(recorded) == (0, 0)
    assert [cut.what for cut in cassette.dropped] == ["trace"]


def test_interactions_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MAX_DRAFTS", 2)
    with recording() as recorded:
        with request(recorded):
            drafts = [begin("http", "x", HttpRequestRef("GET", "http://x/", [])) for _ in range(5)]
            for draft in drafts[:2]:
                assert draft is not None
                answer(draft)
        (cassette,) = recorded.cassettes()
    assert drafts[2:] == [None] * 3
    assert [(cut.what, cut.count) for cut in cassette.dropped] == [("interactions", 3)]


def test_calls_outside_of_any_request_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside_module, "_MAX_WAITING", 3)
    with recording() as recorded:
        drafts = [begin("http", "x", HttpRequestRef("GET", f"http://x/{n}", [])) for n in range(5)]
        for draft in drafts[:3]:
            assert draft is not None
            answer(draft)
        with request(recorded):
            pass
        (cassette,) = recorded.cassettes()
    assert drafts[3:] == [None, None]
    assert len(cassette.bootstrap) == 3


def test_a_call_outside_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with recording(trace_timeout_s=0.0) as recorded:
        assert begin("http", "x", HttpRequestRef("GET", "http://x/", [])) is not None
        assert len(recorded.recorder.take_outside()) == 1
        assert recorded.recorder.take_outside() == []


def test_pieces_after_the_end_of_a_trace_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished_module, "MAX_FRAGMENTS", 2)
    with recording() as recorded:
        with request(recorded):
            context = otel.set_span_in_context(otel.get_current_span())
        for _ in range(4):
            recorded.tracer.start_span("late", context=context, kind=SpanKind.CLIENT).end()
        recorded.cassettes()
        assert recorded.recorder.counts["dropped: too late for their trace"] == 2


def test_a_thread_that_outlives_its_request_adds_a_piece_at_its_place() -> None:
    with recording() as recorded:
        with request(recorded), recorded.tracer.start_as_current_span("load") as load:
            context = otel.set_span_in_context(load)
        whole = recorded.cassettes()[0]

        def late() -> None:
            with recorded.tracer.start_as_current_span("GET", context, kind=SpanKind.CLIENT):
                draft = begin("http", "x", HttpRequestRef("GET", "http://x/", []), own_span=True)
                assert draft is not None
                answer(draft)

        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
        piece = recorded.cassettes()[1]
    assert (piece.trace_id, piece.root_span_id) == (whole.trace_id, whole.root_span_id)
    assert [i.path for i in piece.interactions] == ["load#1"]


def test_a_service_that_calls_itself_has_a_cassette_for_each_request() -> None:
    with recording() as recorded:
        with request(recorded, "/outer"):
            outer = otel.get_current_span().get_span_context()
            sent = SpanContext(outer.trace_id, outer.span_id, True, outer.trace_flags)
            context = otel.set_span_in_context(NonRecordingSpan(sent))
            with recorded.tracer.start_as_current_span("in", context, kind=SpanKind.SERVER):
                answer(call(recorded, "http://inner/"))
            answer(call(recorded, "http://outer/"))
        inner, outer_cassette = recorded.cassettes()
    assert inner.trace_id == outer_cassette.trace_id
    assert inner.root_span_id != outer_cassette.root_span_id
    assert [i.title for i in inner.interactions] == ["GET http://inner/"]
    assert [i.title for i in outer_cassette.interactions] == ["GET http://outer/"]


def test_a_remote_parent_begins_a_trace_here() -> None:
    with recording() as recorded:
        with recorded.tracer.start_as_current_span("in", REMOTE, kind=SpanKind.SERVER):
            answer(call(recorded))
        (cassette,) = recorded.cassettes()
    assert cassette.trace_id == f"{0xABC:032x}"


def test_a_discarded_trace_leaves_nothing_not_even_later() -> None:
    with recording() as recorded:
        with recorded.tracer.start_as_current_span("in", kind=SpanKind.SERVER) as span:
            discard_trace("path")
            assert begin("http", "x", HttpRequestRef("GET", "http://x/", [])) is None
        recorded.tracer.start_span("late", context=otel.set_span_in_context(span)).end()
        assert recorded.cassettes() == []
        assert tables(recorded) == (0, 0)


def test_spans_that_are_recorded_but_not_sampled_are_left_alone() -> None:
    class RecordOnly(Sampler):
        def should_sample(self, *args: Any, **keywords: Any) -> SamplingResult:
            return SamplingResult(Decision.RECORD_ONLY)

        def get_description(self) -> str:
            return "record only"

    with recording() as recorded:
        provider = TracerProvider(sampler=RecordOnly())
        provider.add_span_processor(RecordingSpanProcessor(recorded.recorder))
        provider.get_tracer("t").start_span("in", kind=SpanKind.SERVER).end()
        assert recorded.cassettes() == []


def test_a_span_ended_twice_ends_once() -> None:
    with recording() as recorded:
        with request(recorded):
            span = recorded.tracer.start_span("twice")
            span.end()
            span.end()
            other = recorded.tracer.start_span("other")
        assert recorded.cassettes() == []
        other.end()
        assert len(recorded.cassettes()) == 1


def test_links_are_no_parents() -> None:
    with recording() as recorded:
        with request(recorded):
            link = otel.Link(otel.get_current_span().get_span_context())
        with recorded.tracer.start_as_current_span("two", kind=SpanKind.SERVER, links=[link]):
            answer(call(recorded))
        first, second = recorded.cassettes()
    assert first.trace_id != second.trace_id
    assert first.interactions == []


def test_a_poller_cannot_fill_the_bootstrap() -> None:
    with recording() as recorded:
        for status in range(200, 300):
            answer(call(recorded, "http://poll/"), status)
        with request(recorded):
            pass
        (cassette,) = recorded.cassettes()
    assert len(cassette.bootstrap) == 32
    assert [(cut.what, cut.count) for cut in cassette.dropped] == [("bootstrap", 68)]


def test_an_answer_at_start_that_another_follows_says_how_often_it_came() -> None:
    with recording() as recorded:
        for status in (404, 404, 404, 200, 200, 404):
            answer(call(recorded, "http://poll/"), status)
        with request(recorded):
            pass
        (cassette,) = recorded.cassettes()
    found = [(i.response.status, i.times) for i in cassette.bootstrap]  # type: ignore[union-attr]
    assert found == [(404, 3), (200, 2), (404, 1)]


def test_providers_share_one_recording() -> None:
    with recording() as recorded:
        other = TracerProvider()
        other.add_span_processor(RecordingSpanProcessor(recorded.recorder))
        tracer = other.get_tracer("other")
        with request(recorded), tracer.start_as_current_span("GET", kind=SpanKind.CLIENT):
            draft = begin("http", "x", HttpRequestRef("GET", "http://x/", []), own_span=True)
            assert draft is not None
            answer(draft)
        (cassette,) = recorded.cassettes()
    assert len(cassette.interactions) == 1


def test_a_body_collected_while_the_lock_is_held_completes_its_trace() -> None:
    with recording() as recorded:
        with request(recorded):
            draft = call(recorded)
            ring: list[Any] = [draft.body()]
            ring.append(ring)
            draft.answered(HttpResponseRef(200, []))
        del ring
        with recorded.recorder.lock:
            gc.collect()
        assert len(recorded.cassettes()) == 1


def test_a_signal_while_the_lock_is_held_may_flush() -> None:
    with recording() as recorded:
        with request(recorded):
            pass
        flushed: list[bool] = []
        before = signal.signal(
            signal.SIGUSR1, lambda *_: flushed.append(recorded.recorder.finish(2.0))
        )
        try:
            with recorded.recorder.lock:
                os.kill(os.getpid(), signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert flushed == [True]
        assert len(recorded.shelf.cassettes) == 1


def test_threads_lose_nothing_and_keep_apart() -> None:
    def one_request(number: int) -> None:
        for _ in range(50):
            with request(recorded, f"/{number}"):
                answer(call(recorded, f"http://up/{number}"))

    with recording() as recorded:
        threads = [threading.Thread(target=one_request, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cassettes = recorded.cassettes()
        assert tables(recorded) == (0, 0)
    assert len(cassettes) == 400
    for cassette in cassettes:
        (only,) = cassette.interactions
        assert cassette.entry is not None
        assert cassette.entry.title.rpartition("/")[2] == only.title.rpartition("/")[2]


def test_a_full_queue_drops_whole_recordings_and_counts_them() -> None:
    with recording(max_queue=0) as recorded:
        with request(recorded):
            pass
        assert recorded.cassettes() == []
        assert recorded.recorder.counts["dropped: queue full"] == 1


def test_a_fault_of_a_sink_stops_neither_the_other_sinks_nor_the_worker() -> None:
    class Broken:
        def write(self, cassette: Any, *, fragment: bool) -> None:
            raise ValueError("broken")

    with recording() as recorded:
        recorded.recorder.worker.sinks.insert(0, Broken())
        for _ in range(2):
            with request(recorded):
                pass
        assert len(recorded.cassettes()) == 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_records_its_own_requests_and_none_of_its_parents() -> None:
    with recording() as recorded:
        with request(recorded):
            read, write = os.pipe()
            recorded.recorder.lock.acquire()
            recorded.recorder.bootstrap._lock.acquire()
            child = os.fork()
            if child == 0:
                with recorded.tracer.start_as_current_span("goes on with the parent's"):
                    pass
                attach(Context())
                with request(recorded, "/child"):
                    pass
                flushed = recorded.recorder.flush(5.0)
                titles = [c.entry.title for c in recorded.shelf.cassettes if c.entry is not None]
                os.write(write, repr((flushed, titles)).encode())
                os._exit(0)
            recorded.recorder.bootstrap._lock.release()
            recorded.recorder.lock.release()
            os.waitpid(child, 0)
        assert os.read(read, 1000).decode() == repr((True, ["GET http://shop/child"]))
        os.close(read)
        os.close(write)
        assert len(recorded.cassettes()) == 1
