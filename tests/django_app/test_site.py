"""Django under WSGI and ASGI: nothing changes for it, and all it did is in the cassette."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.django_app.program import CASES
from tests.wsgi.serving import ROOT

KINDS = ["wsgi", "asgi"]


@cache
def run(capture: str, kind: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.django_app.program", capture, kind],
        env={**os.environ, "PYTHONWARNINGS": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def entries(kind: str, capture: str = "on") -> dict[str, dict[str, Any]]:
    """By method and path; of each the last."""
    found = run(capture, kind)["entries"]
    paths = [entry["url"].removeprefix("http://shop.example") for entry in found]
    return dict(zip(paths, found, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("capture", ["on", "instrumentor"])
def test_every_reply_is_as_without(capture: str, kind: str) -> None:
    plain, seen = run("off", kind)["replies"], run(capture, kind)["replies"]
    for case, before, after in zip(CASES, plain, seen, strict=True):
        assert (case, timeless(after)) == (case, timeless(before))


def timeless(reply: list[str]) -> list[str]:
    """Without the session's cookie, which holds the time."""
    return [re.sub(r"sessionid=[^;]*; expires=[^;]*", "sessionid", event) for event in reply]


@pytest.mark.parametrize("kind", KINDS)
def test_one_entry_a_request(kind: str) -> None:
    assert len(run("on", kind)["entries"]) == len(CASES)


@pytest.mark.parametrize("kind", KINDS)
def test_routes_are_templates(kind: str) -> None:
    found = entries(kind)
    assert found["/items/3/"]["route"] == "/items/<int:number>/"
    assert found["/below/resources/abc"]["route"] == "/below/resources/(?P<name>[a-z]+)$"
    assert found["/items/none/"]["route"] == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/fails", "/afails"])
@pytest.mark.parametrize("capture", ["on", "instrumentor"])
def test_unhandled_exceptions_are_kept_beside_the_answer(
    capture: str, path: str, kind: str
) -> None:
    entry = entries(kind, capture)[path]
    assert (entry["status"], entry["raised"]) == (500, "LookupError")
    assert f"in {path[1:]}\n" in entry["traceback"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/forbidden", "/suspicious", "/items/none/"])
def test_what_django_has_an_answer_to_is_no_failure(path: str, kind: str) -> None:
    entry = entries(kind)[path]
    assert entry["status"] in {400, 403, 404}
    assert entry["raised"] == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("capture", ["on", "instrumentor"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/items/3/", ["before", "view", "after"]),
        ("/async", ["before", "view", "after"]),
        ("/below/resources/abc", ["before", "view", "after"]),
        ("/stream", ["before", "after", "chunk 0", "chunk 1", "chunk 2"]),
        ("/astream", ["before", "after", "chunk 0", "chunk 1", "chunk 2"]),
    ],
)
def test_calls_of_middleware_views_and_streams_are_in_the_trace(
    path: str, expected: list[str], capture: str, kind: str
) -> None:
    assert [name for name, _ in entries(kind, capture)[path]["calls"]] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_calls_in_thread_pools_are_seen_each_at_its_step(kind: str) -> None:
    calls = [c for c in entries(kind)["/pooled"]["calls"] if c[0].startswith("pooled")]
    assert sorted(name for name, _ in calls) == ["pooled 0", "pooled 1", "pooled 2"]
    # under ASGI there are threads of Django's own before
    numbers = [int(step.removeprefix("thread#")) for _, step in sorted(calls)]
    assert numbers == list(range(numbers[0], numbers[0] + 3))


@pytest.mark.parametrize("kind", KINDS)
def test_calls_of_gathered_tasks_are_seen_each_at_its_step(kind: str) -> None:
    calls = [c for c in entries(kind)["/gathered"]["calls"] if c[0].startswith("gathered")]
    # under ASGI Django 6 has a task of its own before
    numbers = [int(step.removeprefix("task#")) for _, step in sorted(calls)]
    assert numbers == list(range(numbers[0], numbers[0] + 3))


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_whole_and_nothing_is_outside_of_its_request(kind: str) -> None:
    found = run("on", kind)["entries"]
    assert {entry["state"] for entry in found} <= {"complete", ""}
    assert {entry["bootstrap"] for entry in found} == {0}
