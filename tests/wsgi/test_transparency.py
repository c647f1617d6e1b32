"""With capture on, application and server see of each other what they see without."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from opentelemetry import trace

from tests.wsgi.awkward import APPLICATIONS, Answer, a_list
from tests.wsgi.gateway import environ_for, serve
from tests.wsgi.recording import recorded_here
from timetracer_otel.capture.wsgi import with_server_span
from timetracer_otel.recording.guard import FAULTS

CASES = [
    pytest.param({}, 0, id="whole"),
    pytest.param({}, 1, id="left"),
    pytest.param({"REQUEST_METHOD": "HEAD"}, 0, id="head"),
    pytest.param({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 0, id="chunked"),
    pytest.param({"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, 0, id="terminated"),
]


@pytest.mark.parametrize(("variables", "leave_after"), CASES)
@pytest.mark.parametrize("name", APPLICATIONS)
def test_everything_is_as_without(name: str, variables: dict[str, Any], leave_after: int) -> None:
    app = APPLICATIONS[name]
    plain = serve(app, environ_for(**variables), leave_after=leave_after)
    before = FAULTS.copy()
    with recorded_here() as recorded:
        again = serve(with_server_span(app), environ_for(**variables), leave_after=leave_after)
        assert len(recorded.cassettes()) == 1
    # what is wrapped has a `close` even where nothing is to be closed
    assert [e for e in again if e[0] != "closeable"] == [e for e in plain if e[0] != "closeable"]
    assert before == FAULTS


def test_a_stream_has_no_more_ways_to_read_than_the_server_gave_it() -> None:
    """The stream of gunicorn has no `readinto`; werkzeug takes another way then."""

    class Stream:
        def read(self, size: int = -1) -> bytes:
            return b""

    app = APPLICATIONS["reads_as_the_stream_lets_it"]
    with recorded_here():
        environ = environ_for() | {"wsgi.input": Stream()}
        seen = serve(with_server_span(app), environ)
    assert ("chunk", b"") in seen


def test_nothing_of_ours_is_current_before_between_and_after() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Answer(environ)

    with recorded_here():
        answer = with_server_span(app)(environ_for(), lambda *_: None)
        assert trace.get_current_span() is trace.INVALID_SPAN
        for _ in answer:
            assert trace.get_current_span() is trace.INVALID_SPAN
        answer.close()
        assert trace.get_current_span() is trace.INVALID_SPAN


def test_attributes_of_the_answer_and_of_the_application_stay_in_reach() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Answer(environ)

    app.version = 3  # type: ignore[attr-defined]
    wrapped = with_server_span(app)
    with recorded_here():
        assert wrapped.version == 3
        answer = wrapped(environ_for(), lambda *_: None)
        assert answer.status_code == 200
        answer.close()


def test_an_upload_is_neither_read_ahead_nor_kept_beyond_the_limit() -> None:
    class Endless:
        taken = 0

        def read(self, size: int) -> bytes:
            self.taken += size
            return b"x" * size

    stream = Endless()

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        for _ in range(64):
            environ["wsgi.input"].read(65536)
        return [b"enough"]

    with recorded_here(max_body_kb=1) as recorded:
        serve(
            with_server_span(app), {**environ_for(CONTENT_LENGTH=str(10**12)), "wsgi.input": stream}
        )
        (cassette,) = recorded.cassettes()
    assert stream.taken == 64 * 65536
    entry: Any = cassette.entry
    body = entry.request.body
    assert (body.truncated, body.size, body.state) == (True, 64 * 65536, "partial")


def test_an_answer_may_be_taken_in_another_thread() -> None:
    with recorded_here() as recorded:
        answers = []
        app = with_server_span(APPLICATIONS["a_generator"])
        answer = app(environ_for(), lambda *_: None)
        thread = threading.Thread(target=lambda: (answers.extend(answer), answer.close()))
        thread.start()
        thread.join()
        assert answers == [b"one", b"two"]
        assert len(recorded.cassettes()) == 1


def test_without_a_recorder_nothing_is_wrapped() -> None:
    environ = environ_for()
    stream = environ["wsgi.input"]
    answer = with_server_span(APPLICATIONS["an_iterable"])(environ, lambda *_: None)
    assert type(answer) is Answer
    assert environ["wsgi.input"] is stream


def test_a_list_is_given_as_it_is() -> None:
    given: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        given.append(a_list(environ, start_response))
        return given[0]

    with recorded_here():
        assert with_server_span(app)(environ_for(), lambda *_: None) is given[0]
