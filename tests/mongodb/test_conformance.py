"""What an application sees of a replayed call to MongoDB is what it saw of the live one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mongodb import failures, reading, writing
from tests.mongodb.caller import CASES, KINDS
from tests.mongodb.conftest import TwoRuns
from timetracer_otel.exporters.files import read
from timetracer_otel.protocols.mongodb import MongodbInteraction

assert all((failures, reading, writing))  # they enter their cases

pytestmark = pytest.mark.xdist_group("mongodb")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_replayed_as_recorded(two_runs: TwoRuns, kind: str, name: str) -> None:
    """Values, types, errors and their attributes."""
    assert "builtins.str 'escaped'" not in two_runs.recorded[kind][name]
    assert two_runs.replayed[kind][name] == two_runs.recorded[kind][name]


def test_the_cases_see_something(two_runs: TwoRuns) -> None:
    without = {name for name in CASES if not two_runs.recorded["pymongo"][name]}
    assert without == {"calls_that_are_cancelled"}  # nobody cancels a synchronous call
    assert "calls_that_are_cancelled" in two_runs.recorded["asynchronous"]


def test_setting_up_connections_is_no_part_of_a_request(two_runs: TwoRuns) -> None:
    cassette = read(two_runs.cassette)
    assert cassette.dropped == []
    names = {i.title.split()[0] for i in cassette.interactions}
    assert not names & {"hello", "ismaster", "saslStart", "endSessions", "killCursors"} - {"hello"}
    hellos = [i for i in cassette.interactions if i.title.startswith("hello")]
    assert len(hellos) == len(KINDS)  # the application's own command
    assert {i.title.split()[0] for i in cassette.bootstrap} == {"hello"}


def test_no_names_of_sessions_are_kept(two_runs: TwoRuns) -> None:
    assert "lsid" not in two_runs.cassette.read_text()


def test_each_call_has_the_instrumentors_span(two_runs: TwoRuns) -> None:
    calls: list[Any] = read(two_runs.cassette).interactions
    assert all(isinstance(call, MongodbInteraction) for call in calls)
    asked = [c for c in calls if c.request.operation == "command"]
    assert [c.title for c in asked if not c.span_id] == []
