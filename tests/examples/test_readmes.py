"""The examples do what their READMEs say: recorded, everything stopped, replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.examples.readmes import EXAMPLES, Command, copied, readme
from tests.serving import ROOT, cassettes, running

_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


class Done(NamedTuple):
    """What was recorded in an example's folder, and how it is replayed."""

    folder: Path
    statuses: list[int]
    files: list[Path]
    replays: list[Command]


def _ways() -> Iterator[tuple[str, int]]:
    """Each example with each of the commands that record it."""
    for name in EXAMPLES:
        for number in range(len(readme(ROOT / "examples" / name).record)):
            yield name, number


@pytest.fixture(scope="module", params=_ways(), ids=lambda way: f"{way[0]}-{way[1]}")
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Everything that the README has up to its replays, which need nothing that runs."""
    name, number = request.param
    folder, said = copied(name, tmp_path_factory.mktemp("examples"))
    for command in said.before:
        assert _run(command, folder).returncode == 0, command
    with ExitStack() as stack:
        for command in (*said.upstreams, said.record[number]):
            assert command.port is not None, command
            log = folder.parent / f"{command.port}.log"
            at = running(command.words, command.port, log=log, cwd=folder, PATH=_PATH)
            stack.enter_context(at)
        statuses = [_asked(command) for command in said.requests]
        files = cassettes(folder / "cassettes", len(said.requests))
    for database in folder.glob("*.db"):
        database.unlink()
    return Done(folder, statuses, files, said.replays)


def _asked(command: Command) -> int:
    """What `curl URL` or `curl URL --json BODY` is answered."""
    url, *options = command.words[1:]
    body = options[1] if options else None
    headers = {"Content-Type": "application/json"} if body else {}
    method = "POST" if body else "GET"
    answer = httpx.request(method, f"http://{url}", content=body, headers=headers, timeout=30)
    return answer.status_code


def _run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command.words,
        cwd=folder,
        env={**os.environ, "PATH": _PATH},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_each_request_is_a_cassette_and_one_of_them_failed(done: Done) -> None:
    assert len(done.files) == len(done.statuses)
    assert (min(done.statuses), done.statuses.count(500)) == (200, 1)


def test_each_replay_finds_the_same(done: Done) -> None:
    """With the upstream stopped and the database removed."""
    assert done.replays
    for command in done.replays:
        ran = _run(command, done.folder)
        assert ran.returncode == 0, f"{command.words}\n{ran.stdout}\n{ran.stderr}"
