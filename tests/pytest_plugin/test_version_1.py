"""The fixtures that version 1 had."""

from __future__ import annotations

from tests.pytest_plugin.project import Project

TESTS = """
import os, httpx, pytest

def ask(path):
    return httpx.get(os.environ["UPSTREAM"] + path).json()["path"]

def test_auto(timetracer_auto):
    with timetracer_auto("auto.json"):
        assert ask("/auto") == "/auto"

def test_record(timetracer_record, timetracer_cassette_dir):
    with timetracer_record("record.json", plugins=["httpx"]):
        assert ask("/record") == "/record"
    assert (timetracer_cassette_dir / "record.json").exists()
"""
REPLAY = """
import os, httpx, pytest

def ask(path):
    return httpx.get(os.environ["UPSTREAM"] + path).json()["path"]

def test_auto(timetracer_auto):
    with timetracer_auto("auto.json"):
        assert ask("/auto") == "/auto"

def test_replay(timetracer_replay):
    with timetracer_replay("record.json", strict=True):
        assert ask("/record") == "/record"
    with pytest.raises(FileNotFoundError):
        with timetracer_replay("nothing.json"):
            pass

@pytest.mark.cassette("../record.json", mode="replay")
def test_marker():
    assert ask("/record") == "/record"

def test_miss(timetracer_replay):
    with timetracer_replay("record.json"):
        ask("/other")
"""


def test_the_fixtures_of_version_1_record_and_replay(project: Project) -> None:
    project.write("test_it.py", TESTS)
    project.passes()
    assert list(project.cassettes) == ["cassettes/auto.json", "cassettes/record.json"]
    project.upstream.stop()
    project.write("test_it.py", REPLAY)
    result = project.run()
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*differs  $.url: recorded *"])
