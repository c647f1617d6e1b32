"""Cassettes that are too long, too old, of no test, or of a fixture that several tests share."""

from __future__ import annotations

import json

from tests.pytest_plugin.project import Project

TESTS = """
import os, httpx, pytest

@pytest.fixture(scope="session")
def token():
    yield httpx.get(os.environ["UPSTREAM"] + "/token").json()["path"]
    httpx.get(os.environ["UPSTREAM"] + "/log-out")

@pytest.fixture
def order(token):
    httpx.post(os.environ["UPSTREAM"] + "/orders")
    yield
    httpx.post(os.environ["UPSTREAM"] + "/orders/undo")

@pytest.mark.cassette
def test_one(order):
    httpx.get(os.environ["UPSTREAM"] + "/one")

@pytest.mark.cassette
def test_two(token):
    httpx.get(os.environ["UPSTREAM"] + "/two")
"""
FOLDER = "cassettes/test_it/"


def titles(text: str, part: str) -> list[str]:
    return [one["title"].rpartition("/")[2] for one in json.loads(text)[part]]


def test_what_a_shared_fixture_asks_is_in_every_cassette_that_needs_it(project: Project) -> None:
    project.write("test_it.py", TESTS)
    project.passes()
    one, two = project.cassettes.values()
    assert titles(one, "interactions") == ["orders", "one", "undo"]
    assert titles(two, "interactions") == ["two"]
    assert titles(one, "bootstrap") == titles(two, "bootstrap") == ["token", "log-out"]
    assert "2 unchanged" in project.passes("--record-mode=rewrite")
    project.upstream.stop()
    project.passes("--cassette-unused=error")
    project.passes("-k", "two")
    # one of them is recorded anew: the fixture is set up anew for it, and for the other again
    project.upstream.start()
    (project.path / FOLDER / "test_one.json").unlink()
    project.passes()
    (project.path / FOLDER / "test_two.json").unlink()
    project.passes()


def test_calls_that_are_no_longer_made_are_told_as_asked(project: Project) -> None:
    project.write("test_it.py", TESTS)
    project.passes()
    project.write("test_it.py", TESTS.replace('+ "/two")', '+ "/two") if 0 else None'))
    assert "1 unused call," in project.passes()
    said = project.passes("--cassette-unused=warn")
    assert f"recorded in {FOLDER}test_two.json, and not asked for:" in said
    said = project.fails("--cassette-unused=error")
    assert f"  GET {project.upstream.url}/two" in said
    assert "pytest 'test_it.py::test_two' --record-mode=rewrite" in said


def test_cassettes_that_are_too_old_are_warned_of(project: Project) -> None:
    project.write("test_it.py", TESTS)
    project.passes()
    path = project.path / FOLDER / "test_two.json"
    text = path.read_text()
    recorded = json.loads(text)["recorded_at"]
    path.write_text(text.replace(recorded, "2020-01-02T03:04:05.0Z"))
    said = project.passes("--cassette-max-age=90d")
    assert f"{FOLDER}test_two.json is " in said
    assert " days old; record it again: pytest 'test_it.py::test_two'" in said
    assert "2 replayed, 1 stale," in said
    assert project.run("--cassette-max-age=soon").ret == 4


def test_orphans_are_deleted_as_asked(project: Project) -> None:
    project.write("test_it.py", TESTS)
    project.passes()
    for orphan in ("test_it/test_gone.json", "test_gone/test_it.json", "test_it/x/deep.json"):
        project.write(f"cassettes/{orphan}", "{}")
    project.write("cassettes/loose.json", "{}")
    assert project.run("--cassette-prune", "test_it.py::test_one").ret == 4
    said = project.passes("--cassette-prune", "-k", "one")
    assert said.count("no test has this cassette, deleted: ") == 3
    assert list(project.cassettes) == [
        "cassettes/loose.json",
        f"{FOLDER}test_one.json",
        f"{FOLDER}test_two.json",
    ]
    assert not (project.path / "cassettes" / "test_gone").exists()


COSTS = """
import sys

def test_plain():
    heavy = ("opentelemetry", "msgspec", "wrapt", "time_machine", "timetracer_otel.recording")
    assert [name for name in heavy if name in sys.modules] == []
"""


def test_where_no_test_has_a_cassette_nothing_is_imported(project: Project) -> None:
    project.write("test_it.py", COSTS)
    project.passes("-pno:time_machine", "--strict-markers")
