"""What a process under replay leaves of each request, and leaves again when more comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest

from tests.core.tracing import Recording, answer, call, recording, request
from tests.replay.cassettes import a_cassette, get
from timetracer_otel.recording.current import current_root
from timetracer_otel.replay.reporting import REPORT_FOLDER, Reporter, announce, announced
from timetracer_otel.replay.reports import reports
from timetracer_otel.replay.sessions import Miss, Session, Sessions


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording(mode="replay") as found:
        yield found


def bound(sessions: Sessions, name: str) -> Session:
    session = Session(a_cassette(get("http://upstream/never")), name)
    root = current_root()
    assert root is not None
    sessions.bind_later(root, lambda: session)
    return session


def test_a_run_is_reported_under_its_cassettes_name_with_what_the_session_saw(
    recorded: Recording,
) -> None:
    with reports() as kept:
        sessions = Sessions(Session(a_cassette(), "outside", outside=True))
        sessions.outside.outcome.misses.append(Miss("httpx", "GET http://start/"))
        Reporter(sessions).listen(recorded.recorder)
        with request(recorded):
            session = bound(sessions, "a")
            session.outcome.blocked.append("requests → x:80 at y:1")
            answer(call(recorded, "http://upstream/x"))
        recorded.cassettes()
        path = kept.of("a")
        assert path is not None
        run = kept.read(path)
    assert [i.title for i in run.replayed.interactions] == ["GET http://upstream/x"]
    assert run.blocked == ["requests → x:80 at y:1"]
    assert run.unused == ["GET http://upstream/never"]
    assert run.outside == ["no recorded answer for httpx call GET http://start/"]


def test_what_a_detached_task_does_later_joins_its_run(recorded: Recording) -> None:
    with reports() as kept:
        sessions = Sessions(Session(a_cassette(), "outside", outside=True))
        Reporter(sessions).listen(recorded.recorder)
        with request(recorded):
            bound(sessions, "a")
            later = copy_context()
        recorded.cassettes()
        path = kept.of("a")
        assert path is not None
        assert kept.read(path).replayed.interactions == []
        later.run(lambda: answer(call(recorded, "http://upstream/later")))
        recorded.cassettes()
        later.run(lambda: sessions.block("requests → x:80 at y:1"))
        assert kept.changed(path)
        run = kept.read(path)
        assert kept.of("a") == path
    assert [i.title for i in run.replayed.interactions] == ["GET http://upstream/later"]
    assert run.blocked == ["requests → x:80 at y:1"]


def test_the_next_request_is_announced_to_whoever_answers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(REPORT_FOLDER, raising=False)
    assert announced() == ""
    monkeypatch.setenv(REPORT_FOLDER, str(tmp_path))
    assert announced() == ""
    announce(tmp_path, "a b/ü.json")
    assert announced() == "a b/ü.json"
