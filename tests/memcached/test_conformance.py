"""What an application sees of a replayed exchange with memcached is what it saw of the live one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.memcached import cases
from tests.memcached.caller import CASES, KINDS
from tests.servers import Memcached

assert cases  # it enters its cases

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.xdist_group("memcached")


@dataclass(frozen=True)
class TwoRuns:
    """What each run saw, by kind and case; and the cassette between them."""

    recorded: dict[str, dict[str, Any]]
    replayed: dict[str, dict[str, Any]]
    cassette: Path


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory, memcached_server: Memcached) -> TwoRuns:
    """Recorded against a live server, and replayed when it has stopped."""
    folder = tmp_path_factory.mktemp("memcached")
    memcached_server.start()
    with socket.create_server(("127.0.0.1", 0), backlog=50) as deaf:
        variables = {
            "MEMCACHED_PORT": str(memcached_server.port),
            "DEAF_PORT": str(deaf.getsockname()[1]),
            "REFUSED_PORT": str(_free_port()),
        }
        _program("record", folder, TIMETRACER_DIR=str(folder / "kept"), **variables)
    (cassette,) = folder.glob("kept/**/*.json")
    memcached_server.stop()
    _program("replay", folder, TIMETRACER_CASSETTE=str(cassette), **variables)
    return TwoRuns(_seen(folder, "record"), _seen(folder, "replay"), cassette)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return int(closed.getsockname()[1])


def _seen(folder: Path, mode: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{mode}.json").read_text())
    return found


def _program(mode: str, folder: Path, **variables: str) -> None:
    environment = {
        **os.environ,
        "TIMETRACER_MODE": mode,
        "TIMETRACER_BANNER": "0",
        "TIMETRACER_MAX_TRACE_KB": "200000",
        **variables,
    }
    command = [sys.executable, "-m", "tests.memcached.program", mode, str(folder)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "recording failed" not in ran.stderr, ran.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_replayed_as_recorded(two_runs: TwoRuns, kind: str, name: str) -> None:
    """Values, types, errors and their attributes."""
    assert two_runs.replayed[kind][name] == two_runs.recorded[kind][name]


def test_what_the_application_pickled_is_bytes_in_the_cassette(two_runs: TwoRuns) -> None:
    text = two_runs.cassette.read_text()
    assert '"$bytes"' in text
    assert "$opaque" not in text
