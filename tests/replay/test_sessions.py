"""A cassette while requests are replayed from it, and which one the running code belongs to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import Context, copy_context
from typing import Any

import pytest

from tests.core.tracing import Recording, recording, request
from tests.replay.cassettes import a_cassette, get, select
from timetracer_otel.errors import MissingRecording
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.http_parts import HttpRequestRef
from timetracer_otel.protocols.sql import SqlRequestRef
from timetracer_otel.recording.current import current_root
from timetracer_otel.replay.reporting import Reporter
from timetracer_otel.replay.sessions import (
    Session,
    Sessions,
    answer,
    answering_from,
    current_session,
    serving,
)

URL = "http://upstream/a"
ONE, TWO = "0d6f1f0e-5f0e-4f3c-9c1a-000000000001", "f47ac10b-58cc-4372-a567-0e02b2c3d479"


def ask(url: str = URL, body: bytes = b"") -> Any:
    ref = HttpRequestRef("GET", url, [], Body.of(body))
    return answer("http", "httpx", ref).response


def a_session(*interactions: Any, name: str = "a", **facts: Any) -> Session:
    return Session(a_cassette(*interactions, **facts), name)


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording(mode="replay") as found:
        yield found


def bound(sessions: Sessions, session: Session) -> None:
    root = current_root()
    assert root is not None
    sessions.bind_later(root, lambda: session)


def test_outside_of_any_request_what_was_recorded_there_is_answered_as_often_as_asked() -> None:
    outside = Session(a_cassette(get(URL, 2), bootstrap=[get(URL, 1)]), "a", outside=True)
    with answering_from(Sessions(outside)):
        assert [ask().body.json for _ in range(3)] == [1, 1, 1]


def test_each_request_is_answered_from_its_own_cassette(recorded: Recording) -> None:
    sessions = Sessions(a_session())

    def meanwhile() -> None:
        with request(recorded):
            bound(sessions, a_session(get(URL, "second")))
            assert ask().body.json == "second"

    with answering_from(sessions):
        with request(recorded):
            bound(sessions, a_session(get(URL, "first")))
            Context().run(meanwhile)
            assert ask().body.json == "first"
        assert current_session() is sessions.outside


def test_a_session_is_chosen_when_it_is_first_needed_and_once_for_all_threads(
    recorded: Recording,
) -> None:
    sessions, made = Sessions(a_session()), []
    gate = threading.Barrier(4)

    def choose() -> Session:
        made.append(a_session(name="chosen"))
        return made[-1]

    with answering_from(sessions), request(recorded):
        root = current_root()
        assert root is not None
        sessions.bind_later(root, choose)
        assert made == []
        found = []

        def look() -> None:
            gate.wait()
            found.append(sessions.of_root(root))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 1
    assert found == made * 4


def test_a_task_that_outlives_its_request_keeps_its_session(recorded: Recording) -> None:
    sessions = Sessions(a_session())
    Reporter(sessions).listen(recorded.recorder)
    with answering_from(sessions):
        with request(recorded):
            bound(sessions, a_session(get(URL, "late")))
            context = copy_context()
        recorded.cassettes()
        assert context.run(lambda: ask().body.json) == "late"


def test_sessions_of_ended_requests_are_forgotten_in_the_end(recorded: Recording) -> None:
    sessions = Sessions(a_session())
    Reporter(sessions).listen(recorded.recorder)
    for _ in range(600):
        with request(recorded):
            bound(sessions, a_session())
            sessions.current()
    recorded.cassettes()
    assert len(sessions._by_root) <= 256
    assert not sessions._choosing


def test_no_answer_is_an_error_that_names_the_nearest_and_is_counted() -> None:
    session = a_session(get(f"{URL}?id=1"))
    with answering_from(Sessions(session)), pytest.raises(MissingRecording) as caught:
        ask(f"{URL}?id=2")
    (miss,) = session.outcome.misses
    assert (miss.library, miss.asked, miss.nearest) == (
        "httpx",
        f"GET {URL}?id=2",
        f"GET {URL}?id=1",
    )
    assert '"1"' in miss.difference
    assert "`--live httpx`" in str(caught.value)
    assert "Cassette: a." in str(caught.value)


def test_a_loose_match_is_named_and_later_answers_have_the_live_literal() -> None:
    session = a_session(get(f"{URL}/{ONE}", "made"), get("http://upstream/last", {"id": ONE}))
    with answering_from(Sessions(session)):
        assert ask(f"{URL}/{TWO}").body.json == "made"
        assert ask("http://upstream/last").body.json == {"id": TWO}
    assert session.outcome.loose == [f"GET {URL}/{ONE} ← GET {URL}/{TWO}"]


def test_a_commit_that_was_not_recorded_is_assumed_and_named() -> None:
    session = a_session(select("SELECT 1"))
    with answering_from(Sessions(session)):
        answer("sql", "sqlalchemy", SqlRequestRef("commit", "sqlite", "pysqlite"))
    assert session.outcome.assumed == ["COMMIT"]


def test_what_was_asked_at_start_then_may_be_asked_in_the_request_now() -> None:
    with answering_from(Sessions(a_session(bootstrap=[get(URL, "rates")]))):
        assert ask().body.json == "rates"


def test_a_live_library_is_not_served() -> None:
    with answering_from(Sessions(a_session(), live=["httpx"])):
        assert not serving("httpx")
        assert serving("sqlalchemy")
    assert not serving("sqlalchemy")
