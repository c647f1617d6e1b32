"""A WSGI application in this process: how it is found, and how it is called."""

from __future__ import annotations

import asyncio
import io
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.wsgi.awkward import APPLICATIONS
from tests.wsgi.gateway import BODY, environ_for, serve
from tests.wsgi.recording import recorded_here
from timetracer_otel.applications import kind_of
from timetracer_otel.capture.wsgi import with_server_span
from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import CannotReplay
from timetracer_otel.replay.driver.application import import_application, running, send


def sent_again(app: Any, cassette: Cassette) -> Cassette:
    """What a replay of `cassette` records."""

    async def once() -> None:
        async with running(app):
            await send(app, cassette)

    with recorded_here() as recorded:
        asyncio.run(once())
        (again,) = recorded.cassettes()
        return again


def recorded_once(name: str, **variables: Any) -> Cassette:
    with recorded_here() as recorded:
        serve(with_server_span(APPLICATIONS[name]), environ_for(**variables))
        (cassette,) = recorded.cassettes()
        return cassette


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_same_request_gets_the_same_answer(name: str) -> None:
    app = APPLICATIONS[name]

    def with_log(environ: Any, start_response: Any) -> Any:
        environ.setdefault("log", [])
        return app(environ, start_response)

    cassette = recorded_once(name)
    again = sent_again(with_server_span(with_log), cassette)
    before: Any = cassette.entry
    after: Any = again.entry
    assert (after.request.url, after.request.headers) == (
        before.request.url,
        before.request.headers,
    )
    assert after.request.body == before.request.body
    assert after.response == before.response
    assert (after.error is None, after.raised is None) == (
        before.error is None,
        before.raised is None,
    )


def test_what_was_not_read_is_not_there_to_be_read() -> None:
    seen = []

    def reads_more(environ: Any, start_response: Any) -> Any:
        seen.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return []

    sent_again(with_server_span(reads_more), recorded_once("reads_a_little"))
    assert seen == [BODY[:4]]


def test_there_is_no_event_loop_around_a_wsgi_application() -> None:
    def runs_its_own(environ: Any, start_response: Any) -> Any:
        asyncio.run(asyncio.sleep(0))
        start_response("200 OK", [])
        return [b"ran"]

    again: Any = sent_again(with_server_span(runs_its_own), recorded_once("a_list")).entry
    assert again.response.body.text == "ran"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made: Any = ModuleType("a_module_of_tests")
    made.application = APPLICATIONS["a_list"]
    made.factory = lambda: APPLICATIONS["a_list"]
    made.optional = lambda settings=None: APPLICATIONS["a_list"]
    made.number = 3
    made.file = io.StringIO()
    monkeypatch.setitem(sys.modules, "a_module_of_tests", made)
    return made


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("attribute", ["", ":application", ":factory", ":factory()", ":optional"])
def test_an_application_is_found_by_its_usual_names(attribute: str) -> None:
    app = import_application(f"a_module_of_tests{attribute}")
    assert kind_of(app) == "wsgi"
    assert app.app is APPLICATIONS["a_list"]


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("attribute", ["number", "file", "nothing"])
def test_what_is_no_application_is_one_sentence(attribute: str) -> None:
    with pytest.raises(CannotReplay) as raised:
        import_application(f"a_module_of_tests:{attribute}")
    assert "\n" not in str(raised.value)
