"""When a test is recorded, when it is replayed, and what is written."""

from __future__ import annotations

from difflib import unified_diff

from tests.pytest_plugin.project import Project, steady

ONE = """
import os, httpx, pytest

@pytest.mark.cassette
def test_price():
    assert httpx.get(os.environ["UPSTREAM"] + "/tea").json()["price"] == 4
"""
FILE = "cassettes/test_it/test_price.json"


def test_the_first_run_records_and_every_later_run_replays(project: Project) -> None:
    project.write("test_it.py", ONE)
    said = project.passes()
    assert "cassettes: 1 recorded, slowest test_it.py::test_price" in said
    assert list(project.cassettes) == [FILE]
    project.upstream.stop()
    assert "cassettes: 1 replayed" in project.passes()
    assert "cassettes: 1 replayed" in project.passes(CI="true")
    assert project.upstream.asked == ["/tea"]


def test_where_ci_is_set_nothing_is_recorded(project: Project) -> None:
    project.write("test_it.py", ONE)
    said = project.run(CI="true")
    said.assert_outcomes(errors=1)
    text = str(said.stdout)
    assert f"there is no cassette {FILE}, and mode none records none" in text
    assert (
        "Record it with the services up: pytest 'test_it.py::test_price' --record-mode=once" in text
    )
    project.run("--cassette-missing=skip", CI="true").assert_outcomes(skipped=1)
    assert (project.cassettes, project.upstream.asked) == ({}, [])


def test_a_failing_test_leaves_nothing_unless_asked(project: Project) -> None:
    project.upstream.price = 5
    project.write("test_it.py", ONE)
    assert "1 not kept" in project.fails()
    assert project.cassettes == {}
    project.fails("--cassette-keep-failed")
    assert list(project.cassettes) == [FILE]


def test_the_option_wins_over_the_marker_and_the_marker_over_the_configuration(
    project: Project,
) -> None:
    project.write("test_it.py", ONE.replace("cassette", 'cassette(mode="none")'))
    project.write("pytest.ini", "[pytest]\ncassette_record_mode = once\n")
    project.run().assert_outcomes(errors=1)
    project.run("--record-mode=once").assert_outcomes(passed=1)
    project.write("test_it.py", ONE)
    project.write("pytest.ini", "[pytest]\ncassette_record_mode = all\n")
    assert "1 recorded" in project.passes()


def test_rewrite_leaves_a_file_alone_that_would_say_the_same(project: Project) -> None:
    project.write("test_it.py", ONE)
    project.passes()
    before = (project.path / FILE).stat().st_mtime_ns
    assert "1 unchanged" in project.passes("--record-mode=rewrite")
    assert (project.path / FILE).stat().st_mtime_ns == before
    project.upstream.price = 5
    project.write("test_it.py", ONE.replace("== 4", "== 5"))
    assert "1 recorded" in project.passes("--record-mode=rewrite")
    assert '"price": 5' in project.cassettes[FILE]


def test_two_recordings_are_the_same_but_for_their_times(project: Project) -> None:
    project.write("test_it.py", ONE + APPLICATION)
    project.passes("--record-mode=all")
    first = project.cassettes
    project.passes("--record-mode=all")
    assert project.cassettes != first
    assert project.cassettes.keys() == first.keys()
    for name, text in first.items():
        again = steady(project.cassettes[name]).splitlines()
        assert list(unified_diff(steady(text).splitlines(), again, lineterm="")) == []


APPLICATION = """
from fastapi import FastAPI
from fastapi.testclient import TestClient

app = FastAPI()

@app.get("/both")
async def both():
    import asyncio
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM"]) as client:
        found = await asyncio.gather(client.get("/a"), client.get("/b"))
    return [one.json() for one in found]

@pytest.mark.cassette
def test_both():
    assert len(TestClient(app).get("/both").json()) == 2
"""


def test_new_episodes_records_a_test_anew_that_asks_something_new(project: Project) -> None:
    project.write("test_it.py", ONE)
    project.passes("--record-mode=new_episodes")
    assert "1 replayed" in project.passes("--record-mode=new_episodes")
    assert project.upstream.asked == ["/tea"]
    project.write("test_it.py", ONE.replace("/tea", "/rum"))
    result = project.run("--record-mode=new_episodes")
    result.assert_outcomes(passed=1)
    assert "1 recorded" in str(result.stdout)
    assert project.upstream.asked == ["/tea", "/rum"]
    project.upstream.stop()
    project.passes()


def test_verify_asks_the_live_service_and_tells_what_it_answers_otherwise(project: Project) -> None:
    project.write("test_it.py", ONE.replace(" == 4", ""))
    project.passes()
    before = project.cassettes
    assert "1 verified" in project.passes("--record-mode=verify")
    project.upstream.price = 5
    said = project.fails("--record-mode=verify")
    assert f"the live services differ from {FILE}:" in said
    assert "$.response.body.json.price: recorded 4, now 5" in said
    assert project.cassettes == before
