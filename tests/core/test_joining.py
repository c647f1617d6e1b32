"""Spans and late payloads become one cassette a trace."""

from __future__ import annotations

import asyncio
import gc

import pytest
from opentelemetry.trace import SpanKind

from tests.core.tracing import answer, call, recording, request
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin
from timetracer_otel.recording.flow import CURRENT_FLOW


def test_a_request_with_two_calls_is_one_cassette_in_order() -> None:
    with recording() as recorded:
        with request(recorded):
            answer(call(recorded, "http://upstream/a"))
            answer(call(recorded, "http://upstream/b"))
        (cassette,) = recorded.cassettes()
    assert cassette.entry is not None
    assert [(i.id, i.title) for i in cassette.interactions] == [
        (1, "GET http://upstream/a"),
        (2, "GET http://upstream/b"),
    ]


def test_a_body_that_ends_after_its_span_still_belongs_to_the_cassette() -> None:
    with recording() as recorded:
        with request(recorded):
            draft = call(recorded)
            body = draft.body()
            draft.answered(HttpResponseRef(200, [], body))
        assert recorded.cassettes() == []
        body.feed(b"late")
        body.finish()
        (cassette,) = recorded.cassettes()
    assert cassette.interactions[0].response.body.text == "late"  # type: ignore[union-attr]


def test_a_body_nobody_finishes_is_abandoned_when_it_is_collected() -> None:
    with recording() as recorded:
        with request(recorded):
            draft = call(recorded)
            ref = HttpResponseRef(200, [], draft.body())
            draft.answered(ref)
            assert ref.body is not None
            ref.body.feed(b"half")
            kept = ref.body
            ref.body = None
        del kept
        gc.collect()
        assert len(recorded.cassettes()) == 1


def test_a_call_after_the_trace_is_complete_is_a_fragment_of_it() -> None:
    with recording() as recorded:
        with request(recorded):
            pass
        first = recorded.cassettes()[0]
        span = recorded.tracer.start_span("GET", kind=SpanKind.SERVER)
        span.end()
    assert first.interactions == []


def test_a_detached_task_adds_a_fragment_of_the_same_trace() -> None:
    async def main() -> None:
        with recording() as recorded:
            with request(recorded):
                later = asyncio.create_task(detached(recorded))
            assert len(recorded.cassettes()) == 1
            release.set()
            await later
            first, second = recorded.cassettes()
            assert second.trace_id == first.trace_id
            assert [i.title for i in second.interactions] == ["GET http://upstream/later"]
            assert recorded.shelf.fragments == [False, True]

    async def detached(recorded):
        await release.wait()
        answer(call(recorded, "http://upstream/later"))

    release = asyncio.Event()
    asyncio.run(main())


def test_a_driver_call_without_a_span_of_its_own_gets_the_span_around_it() -> None:
    with recording() as recorded:
        with request(recorded):
            span = recorded.tracer.start_span("SELECT", kind=SpanKind.CLIENT)
            draft = begin("http", "driver", HttpRequestRef("GET", "db://x", []))
            assert draft is not None
            answer(draft)
            span.end()
        (cassette,) = recorded.cassettes()
    assert cassette.interactions[0].span_id == f"{span.get_span_context().span_id:016x}"


def test_calls_outside_of_a_request_go_to_the_bootstrap_of_every_cassette() -> None:
    with recording() as recorded:
        outside = begin("http", "httpx", HttpRequestRef("GET", "http://config/", []))
        assert outside is not None
        answer(outside)
        answer(call(recorded, "http://warm-up/"))  # its own root, a client span
        for _ in range(2):
            with request(recorded):
                pass
        first, second = recorded.cassettes()
    expected = {"GET http://config/", "GET http://warm-up/"}
    assert {i.title for i in first.bootstrap} == expected
    assert {i.title for i in second.bootstrap} == expected


def test_the_same_start_up_question_with_the_same_answer_is_kept_once() -> None:
    with recording() as recorded:
        for _ in range(3):
            answer(call(recorded, "http://config/"))
        with request(recorded):
            pass
        (cassette,) = recorded.cassettes()
    assert len(cassette.bootstrap) == 1


def test_a_trace_that_was_not_sampled_is_not_recorded() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    from timetracer_otel.recording.processor import RecordingSpanProcessor

    with recording() as recorded:
        provider = TracerProvider(sampler=ALWAYS_OFF)
        provider.add_span_processor(RecordingSpanProcessor(recorded.recorder))
        with provider.get_tracer("t").start_as_current_span("GET", kind=SpanKind.SERVER):
            assert begin("http", "httpx", HttpRequestRef("GET", "http://x/", [])) is None
        assert recorded.cassettes() == []


def test_beyond_the_limit_of_open_traces_recordings_are_dropped_and_counted() -> None:
    with recording(max_traces=1) as recorded:
        first = recorded.tracer.start_span("one", kind=SpanKind.SERVER)
        second = recorded.tracer.start_span("two", kind=SpanKind.SERVER)
        second.end()
        first.end()
        assert recorded.recorder.counts["dropped: too many open traces"] == 1


def test_a_body_beyond_its_limit_is_cut_and_keeps_size_and_hash() -> None:
    with recording(max_body_kb=1) as recorded:
        with request(recorded):
            draft = call(recorded)
            body = draft.body()
            for _ in range(4):
                body.feed(b"x" * 512)
            body.finish()
            draft.answered(HttpResponseRef(200, [], body))
        (cassette,) = recorded.cassettes()
    part = cassette.interactions[0].response.body  # type: ignore[union-attr]
    assert part is not None
    assert (part.truncated, part.size, len(part.sha256)) == (True, 2048, 64)


def test_memory_is_given_back_when_a_trace_is_written() -> None:
    with recording(max_body_kb=64, max_trace_kb=64, max_memory_mb=1) as recorded:
        for _ in range(40):
            with request(recorded):
                draft = call(recorded)
                body = draft.body()
                body.feed(b"x" * 60_000)
                body.finish()
                draft.answered(HttpResponseRef(200, [], body))
            (cassette,) = recorded.cassettes()
            assert not cassette.dropped
            recorded.shelf.cassettes.clear()


def test_a_trace_open_for_too_long_is_written_as_far_as_it_came() -> None:
    with recording(trace_timeout_s=0.0) as recorded, request(recorded):
        answer(call(recorded))
        recorded.recorder.expire()
        (cassette,) = recorded.cassettes()
    assert [cut.what for cut in cassette.dropped] == ["trace"]
    assert len(cassette.interactions) == 1


@pytest.mark.parametrize("n", [1, 3])
def test_siblings_of_one_name_are_numbered_in_the_path(n: int) -> None:
    with recording() as recorded:
        with request(recorded):
            for _ in range(n):
                with recorded.tracer.start_as_current_span("load"):
                    answer(call(recorded))
        (cassette,) = recorded.cassettes()
    assert [i.path for i in cassette.interactions] == [f"load#{k + 1}" for k in range(n)]


def test_a_task_is_a_step_of_the_path_until_a_span_starts_below_it() -> None:
    with recording() as recorded:
        with request(recorded):
            flow = recorded.recorder.current_flow()
            assert flow is not None
            token = CURRENT_FLOW.set(flow.child("task", flow.span_id))
            answer(call(recorded))
            with recorded.tracer.start_as_current_span("inner"):
                answer(call(recorded))
            answer(call(recorded))
            CURRENT_FLOW.reset(token)
        (cassette,) = recorded.cassettes()
    assert [i.path for i in cassette.interactions] == ["task#1", "task#1 › inner#1", "task#1"]
