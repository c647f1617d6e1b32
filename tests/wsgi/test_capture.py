"""What is in the cassette of a WSGI request."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.trace import SpanKind

from tests.core.tracing import Recording, answer, call, recording
from tests.wsgi.awkward import APPLICATIONS, Answer
from tests.wsgi.gateway import BODY, environ_for, serve
from tests.wsgi.recording import recorded_here
from timetracer_otel.capture import inbound, wsgi
from timetracer_otel.capture.wsgi import with_server_span
from timetracer_otel.patching import Ledger
from timetracer_otel.protocols.bodies import content_bytes
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.recording.guard import FAULTS


def recorded_entry(name: str, leave_after: int = 0, **variables: Any) -> HttpInteraction:
    with recorded_here() as recorded:
        app = with_server_span(APPLICATIONS[name])
        serve(app, environ_for(**variables), leave_after=leave_after)
        return entry_of(recorded)


def entry_of(recorded: Recording) -> HttpInteraction:
    (cassette,) = recorded.cassettes()
    assert isinstance(cassette.entry, HttpInteraction)
    return cassette.entry


def sent(entry: HttpInteraction) -> tuple[bytes, list[int], str]:
    assert entry.response is not None and entry.response.body is not None
    body = entry.response.body
    return content_bytes(body), body.chunks, body.state


def test_the_request_is_described_as_it_came() -> None:
    request = recorded_entry("reads_all").request
    assert (request.method, request.http_version) == ("POST", "1.1")
    assert request.url == "http://shop.example/caf%C3%A9?a=1&a=2"
    assert request.headers == [
        "Host: shop.example",
        "X-Two-Words: x",
        f"Content-Length: {len(BODY)}",
    ]
    assert (request.client, request.server) == (("192.0.2.1", 0), ("shop", 80))


def test_status_reason_and_headers_are_the_application_s_without_the_server_s() -> None:
    response = recorded_entry("a_list").response
    assert response is not None
    assert (response.status, response.reason) == (200, "OK")
    assert response.headers == ["Content-Type: text/plain", "Set-Cookie: a=1", "Set-Cookie: b=2"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a_list", (b"onetwo", [3, 3], "complete")),
        ("a_tuple", (b"", [], "complete")),
        ("a_generator", (b"onetwo", [3, 3], "complete")),
        ("starts_late", (b"late", [], "complete")),
        ("an_iterable", (b"sized", [], "complete")),
        ("writes", (b"written twice, then returned", [8, 7, 13], "complete")),
        ("thinks_again", (b"sorry", [], "complete")),
        ("raises_in_the_middle", (b"half", [], "aborted")),
        ("thinks_again_too_late", (b"half", [], "aborted")),
        ("a_file_in_memory", (b"in memory" * 1000, [4096, 4096, 808], "complete")),
    ],
)
def test_the_answer_is_kept_with_its_chunks(name: str, expected: Any) -> None:
    assert sent(recorded_entry(name)) == expected


def test_a_file_that_the_kernel_sends_is_kept_from_where_it_stood() -> None:
    content, _, state = sent(recorded_entry("a_real_file"))
    assert (content, state) == (b"x" * 300_000, "complete")


def test_a_client_that_goes_away_leaves_a_part() -> None:
    assert sent(recorded_entry("a_generator", leave_after=1)) == (b"one", [], "partial")


def test_the_last_start_counts() -> None:
    response = recorded_entry("thinks_again").response
    assert response is not None
    assert (response.status, response.headers[-1]) == (503, "Retry-After: 1")


@pytest.mark.parametrize(
    ("name", "body", "state"),
    [
        ("reads_all", BODY, "complete"),
        ("reads_by_length", BODY, "complete"),
        ("reads_in_every_way", BODY, "complete"),
        ("reads_while_answering", BODY, "complete"),
        ("reads_a_little", BODY[:4], "partial"),
        ("reads_nothing", b"", "unread"),
    ],
)
def test_the_upload_is_kept_as_far_as_it_was_read(name: str, body: bytes, state: str) -> None:
    kept = recorded_entry(name).request.body
    assert kept is not None
    assert (content_bytes(kept), kept.state) == (body, state)


def test_without_an_upload_there_is_no_body() -> None:
    entry = recorded_entry("a_list", REQUEST_METHOD="GET", CONTENT_LENGTH="")
    assert entry.request.body is None


def test_what_is_raised_before_the_answer_is_its_outcome() -> None:
    entry = recorded_entry("raises")
    assert entry.response is None and entry.error is not None
    assert (entry.error.type, entry.error.args) == ("LookupError", ["at once"])
    assert "in raises\n" in entry.error.traceback


def test_what_is_raised_in_the_middle_is_kept_besides_the_answer() -> None:
    entry = recorded_entry("raises_in_the_middle")
    assert entry.raised is not None
    assert entry.raised.args == ["in the middle"]


def test_calls_of_every_phase_are_in_the_trace() -> None:
    class Calling(Answer):
        def __iter__(self) -> Any:
            answer(call(recorded, "http://upstream/iter"))
            return self.chunks()

        def chunks(self) -> Any:
            answer(call(recorded, "http://upstream/chunk"))
            yield b"chunk"

        def close(self) -> None:
            answer(call(recorded, "http://upstream/close"))

    def app(environ: Any, start_response: Any) -> Any:
        answer(call(recorded, "http://upstream/call"))
        start_response("200 OK", [])
        return Calling(environ)

    with recorded_here() as recorded:
        serve(with_server_span(app), environ_for())
        (cassette,) = recorded.cassettes()
    assert [i.title.rpartition("/")[2] for i in cassette.interactions] == [
        "call",
        "iter",
        "chunk",
        "close",
    ]
    assert [i.path for i in cassette.interactions] == [""] * 4


def test_the_caller_s_trace_is_continued() -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with recorded_here() as recorded:
        serve(with_server_span(APPLICATIONS["a_list"]), environ_for(HTTP_TRACEPARENT=parent))
        (cassette,) = recorded.cassettes()
    assert cassette.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_span_that_somebody_left_current_is_no_parent() -> None:
    with recorded_here() as recorded:
        span = recorded.tracer.start_span("left behind")
        span.end()
        with trace.use_span(span):
            serve(with_server_span(APPLICATIONS["a_list"]), environ_for())
        cassettes = recorded.cassettes()
    assert [c.entry is not None for c in cassettes if c.entry] == [True]


def test_the_instrumentor_s_middleware_keeps_its_span_and_is_recorded_inside() -> None:
    ledger = Ledger()
    ledger.apply(wsgi.LIBRARY.changes)
    try:
        with recorded_here() as recorded:
            inner: Any = APPLICATIONS["a_generator"]
            app = OpenTelemetryMiddleware(inner)
            assert with_server_span(app) is app
            serve(app, environ_for())
            entry = entry_of(recorded)
    finally:
        ledger.restore()
    assert sent(entry) == (b"onetwo", [3, 3], "complete")


def test_an_application_within_one_is_part_of_it() -> None:
    inner = with_server_span(APPLICATIONS["a_list"])

    def outer(environ: Any, start_response: Any) -> Any:
        return inner(environ, start_response)

    with recorded_here() as recorded:
        serve(with_server_span(outer), environ_for())
        assert sent(entry_of(recorded)) == (b"onetwo", [3, 3], "complete")


def test_an_application_called_in_a_span_of_a_program_is_no_entry_of_it() -> None:
    with recorded_here() as recorded:
        with recorded.tracer.start_as_current_span("a script", kind=SpanKind.INTERNAL):
            serve(with_server_span(APPLICATIONS["a_list"]), environ_for())
        assert [c.entry for c in recorded.cassettes() if c.entry] == []


def test_excluded_paths_leave_nothing_not_even_their_calls() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        with recorded.tracer.start_as_current_span("GET", kind=SpanKind.CLIENT):
            pass
        start_response("200 OK", [])
        return [b"fine"]

    with recorded_here(exclude_paths=("^/health",)) as recorded:
        serve(with_server_span(app), environ_for(PATH_INFO="/healthz"))
        assert recorded.cassettes() == []


def test_opentelemetry_s_own_exclusions_leave_a_request_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_PYTHON_FLASK_EXCLUDED_URLS", "ready, healthz$")
    inbound._untraced.cache_clear()
    try:
        with recorded_here() as recorded:
            environ = environ_for(PATH_INFO="/healthz")
            stream = environ["wsgi.input"]
            serve(with_server_span(APPLICATIONS["a_list"]), environ)
            assert environ["wsgi.input"] is stream
            assert recorded.cassettes() == []
    finally:
        inbound._untraced.cache_clear()


def test_what_cannot_be_described_is_served_all_the_same() -> None:
    """A header that is no text, say: one fault of ours is logged, and the application answers."""
    before = FAULTS.copy()
    with recording():
        environ = environ_for(SERVER_PROTOCOL=None)
        seen = serve(with_server_span(APPLICATIONS["a_list"]), environ)
    assert ("chunk", b"one") in seen
    assert sum((FAULTS - before).values()) == 1
    FAULTS.clear()
    FAULTS.update(before)
