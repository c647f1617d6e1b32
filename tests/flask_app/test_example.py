"""The library of the examples, as its README has it: recorded, everything stopped, replayed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.wsgi.serving import (
    ROOT,
    Reply,
    ask,
    entries,
    free_port,
    recording,
    replayed,
    running,
    wait_for_cassettes,
)

FOLDER = ROOT / "examples" / "flask"
BOOK = "9780156012195"
FLASK = [sys.executable, "-m", "flask", "--app", "library", "run", "--port", "{port}"]
SERVERS = {
    "flask run": FLASK,
    "flask run --debug": [*FLASK, "--debug"],
}
ASKED = [
    ("/", "GET", None),
    (f"/books/{BOOK}", "GET", None),
    ("/books/none", "GET", None),
    ("/loans", "POST", {"card": "L-2", "isbn": BOOK}),
    ("/loans", "POST", {"card": "L-3", "isbn": BOOK}),
    ("/loans.csv", "GET", None),
]


class Recorded(NamedTuple):
    replies: list[Reply]
    folder: Path
    command: list[str]
    variables: dict[str, str]


@pytest.fixture(scope="module", params=SERVERS)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("library")
    branches, port = free_port(), free_port()
    variables: dict[str, Any] = {
        "BRANCHES_URL": f"http://127.0.0.1:{branches}",
        "LIBRARY_DB": f"sqlite:///{folder}/library.db",
        "PYTHONPATH": f"{FOLDER}:{ROOT}",
    }
    command = [word.format(port=port) for word in SERVERS[request.param]]
    run: dict[str, Any] = {"log": folder / "log", "folder": FOLDER}
    seed = [sys.executable, "-m", "library.seed"]
    subprocess.run(seed, env=variables, cwd=FOLDER, check=True)
    with (
        running([sys.executable, "branches.py", str(branches)], branches, **run),
        running(recording(command, folder / "cassettes"), port, **run, **variables),
    ):
        replies = list(_replies(port))
        wait_for_cassettes(folder / "cassettes", len(replies))
    (folder / "library.db").unlink()
    return Recorded(replies, folder / "cassettes", command, variables)


def _replies(port: int) -> Iterator[Reply]:
    for path, method, content in ASKED:
        body = json.dumps(content) if content is not None else None
        yield ask(port, path, method=method, body=body, Content_Type="application/json")


def test_it_answers(recorded: Recorded) -> None:
    assert [reply.status for reply in recorded.replies] == [200, 200, 404, 201, 500, 200]
    assert recorded.replies[1].json()["copies"] == {"central": 3, "harbour": 1, "university": 0}
    assert recorded.replies[5].body.count(b"Grace Hopper") == 2


def test_one_cassette_a_request_with_its_route_and_what_it_raised(recorded: Recorded) -> None:
    found = entries(recorded.folder)
    assert [entry.request.route for entry in found] == [
        "/",
        "/books/<isbn>",
        "/books/<isbn>",
        "/loans",
        "/loans",
        "/loans.csv",
    ]
    failed = found[4].raised or found[4].error  # the debugger has it raised
    assert failed is not None
    assert (failed.type, failed.args) == ("KeyError", ["visitor"])
    assert "in lend\n" in failed.traceback


def test_it_is_the_same_through_the_server(recorded: Recorded) -> None:
    again = replayed(recorded.folder, "--", *recorded.command, cwd=FOLDER, **recorded.variables)
    assert (again.results, again.code) == (["same"] * len(ASKED), 0), again.said


def test_it_is_the_same_in_one_process(recorded: Recorded) -> None:
    if "--debug" in recorded.command:
        pytest.skip("the exception is the debugger's to answer, and passed on to no other server")
    again = replayed(
        recorded.folder, "--app", "library:create_app", cwd=FOLDER, **recorded.variables
    )
    assert (again.results, again.code) == (["same"] * len(ASKED), 0), again.said
