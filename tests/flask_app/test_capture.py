"""Flask, called as servers call it: nothing changes for it, and all it did is in the cassette."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.trace import SpanKind
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.core.tracing import Recording, answer, call
from tests.flask_app.application import make_app
from tests.wsgi.recording import recorded_here
from timetracer_otel.capture.flask import LIBRARY
from timetracer_otel.cassette import Cassette
from timetracer_otel.patching import Ledger
from timetracer_otel.protocols.http_parts import HttpInteraction

CASES: list[tuple[str, dict[str, Any]]] = [
    ("/views/items/3", {}),
    ("/views/async", {}),
    ("/views/stream?name=a", {}),
    ("/views/bare-stream", {}),
    ("/views/file", {}),
    ("/views/module", {"headers": {"Range": "bytes=5-20"}}),
    ("/views/fails", {}),
    ("/views/problem", {}),
    ("/views/missing", {}),
    ("/views/moved", {}),
    ("/views/items/3", {"method": "OPTIONS"}),
    ("/views/items/3", {"method": "HEAD"}),
    ("/views/resource", {"method": "PUT", "json": {"a": [1, 2.5, None]}}),
    ("/views/resource", {"method": "PUT", "data": b"{broken", "content_type": "application/json"}),
    ("/static/none.css", {}),
]

_SIGNED_NOW = re.compile(r"(?<==)[\w-]+\.[\w-]+\.[\w-]+(?=; HttpOnly)")
"""What Flask signs has the second it was signed in."""


@pytest.fixture
def _patched() -> Iterator[None]:
    ledger = Ledger()
    ledger.apply(LIBRARY.changes)
    yield
    ledger.restore()


def upload() -> dict[str, Any]:
    paper = (io.BytesIO(b"x" * 100_000), "paper.txt")
    return {"method": "POST", "data": {"to": "Ada", "paper": paper}}


def replies(app: Any) -> list[Any]:
    client = app.test_client()
    found = []
    for path, keywords in [*CASES, ("/views/upload", upload())]:
        reply = client.open(path, **keywords)
        headers = [
            (name, _SIGNED_NOW.sub("", value))
            for name, value in reply.headers
            if name not in {"Date", "Last-Modified"}
        ]
        found.append((reply.status, headers, reply.get_data()))
        reply.close()
    return found


def asking(recorded: Recording) -> Any:
    return lambda name: answer(call(recorded, f"http://upstream/{name}"))


def one(recorded: Recording) -> tuple[Cassette, HttpInteraction]:
    (cassette,) = [found for found in recorded.cassettes() if found.entry is not None]
    assert isinstance(cassette.entry, HttpInteraction)
    return cassette, cassette.entry


def calls(cassette: Cassette) -> list[str]:
    return [i.title.rpartition("/")[2] for i in cassette.interactions]


@pytest.mark.usefixtures("_patched")
def test_every_reply_is_as_without() -> None:
    plain = replies(make_app(lambda _name: None))
    with recorded_here() as recorded:
        assert replies(make_app(asking(recorded))) == plain
        assert len([c for c in recorded.cassettes() if c.entry]) == len(plain)


@pytest.mark.usefixtures("_patched")
def test_calls_from_the_loading_of_the_session_to_the_teardown_are_in_one_trace() -> None:
    with recorded_here() as recorded:
        make_app(asking(recorded)).test_client().get("/views/items/3").close()
        cassette, entry = one(recorded)
    assert calls(cassette) == ["session", "before", "view", "teardown"]
    assert entry.request.route == "/views/items/<int:number>"
    assert cassette.bootstrap == []


@pytest.mark.usefixtures("_patched")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/views/stream?name=a", ["chunk 0", "chunk 1", "chunk 2"]),
        ("/views/bare-stream", ["chunk"]),
    ],
)
def test_calls_of_a_stream_stay_in_the_trace(path: str, expected: list[str]) -> None:
    with recorded_here() as recorded:
        make_app(asking(recorded)).test_client().get(path, buffered=True)
        cassette, _ = one(recorded)
    assert [name for name in calls(cassette) if name.startswith("chunk")] == expected
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.usefixtures("_patched")
def test_an_unhandled_exception_is_kept_with_its_traceback_beside_the_answer() -> None:
    with recorded_here() as recorded:
        make_app(asking(recorded)).test_client().get("/views/fails").close()
        _, entry = one(recorded)
    assert entry.response is not None and entry.response.status == 500
    assert entry.raised is not None
    assert entry.raised.args == ["nobody has thought of this"]
    assert "in fails\n" in entry.raised.traceback


@pytest.mark.usefixtures("_patched")
def test_an_exception_that_is_passed_on_is_the_outcome() -> None:
    with recorded_here() as recorded:
        app = make_app(asking(recorded))
        app.testing = True
        with pytest.raises(LookupError):
            app.test_client().get("/views/fails").close()
        _, entry = one(recorded)
    assert entry.error is not None and entry.error.type == "LookupError"


@pytest.mark.usefixtures("_patched")
@pytest.mark.parametrize("path", ["/views/problem", "/views/missing"])
def test_what_the_application_has_an_answer_to_is_no_failure(path: str) -> None:
    with recorded_here() as recorded:
        make_app(asking(recorded)).test_client().get(path).close()
        _, entry = one(recorded)
    assert entry.raised is None and entry.error is None


@pytest.mark.usefixtures("_patched")
def test_middleware_around_it_is_part_of_the_request() -> None:
    with recorded_here() as recorded:
        app = make_app(asking(recorded))
        inner = app.wsgi_app

        def asks_first(environ: Any, start_response: Any) -> Any:
            answer(call(recorded, "http://upstream/middleware"))
            return inner(environ, start_response)

        app.wsgi_app = ProxyFix(asks_first)
        app.test_client().get("/views/items/3").close()
        cassette, _ = one(recorded)
    assert calls(cassette)[0] == "middleware"


@pytest.mark.usefixtures("_patched")
def test_an_application_that_is_mounted_keeps_the_whole_path() -> None:
    with recorded_here() as recorded:
        app = make_app(asking(recorded))
        outer = flask.Flask("outer")
        outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/mount": app})
        with outer.test_client().get("/mount/views/items/3") as reply:
            assert reply.json == {"number": 3, "seen": 1}
        _, entry = one(recorded)
    assert entry.request.url == "http://localhost/mount/views/items/3"


@pytest.mark.usefixtures("_patched")
@pytest.mark.parametrize("by", ["class", "app"])
@pytest.mark.parametrize("path", ["/views/items/3", "/views/stream?name=a", "/views/fails"])
def test_the_instrumentor_s_span_is_below_ours_and_its_hooks_are_called(by: str, path: str) -> None:
    hooked: list[Any] = []
    instrumentor = FlaskInstrumentor()
    with recorded_here() as recorded:
        if by == "class":
            instrumentor.instrument(request_hook=lambda span, _: hooked.append(span))
        app = make_app(asking(recorded))
        if by == "app":
            instrumentor.instrument_app(app, request_hook=lambda span, _: hooked.append(span))
        try:
            app.test_client().get(path).close()
        finally:
            if by == "class":
                instrumentor.uninstrument()
        cassette, entry = one(recorded)
    assert [span.kind for span in hooked] == [SpanKind.INTERNAL]
    assert {"session", "before", "teardown"} <= set(calls(cassette))
    assert entry.request.route
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.usefixtures("_patched")
def test_one_application_calling_another_is_one_request() -> None:
    with recorded_here() as recorded:
        inner = make_app(asking(recorded))
        outer = flask.Flask("outer")

        @outer.get("/")
        def ask_the_other() -> Any:
            return inner.test_client().get("/views/items/3").json

        outer.test_client().get("/").close()
        cassette, entry = one(recorded)
    assert entry.request.url == "http://localhost/"
    assert "view" in calls(cassette)
