"""Every case recorded against live servers, and replayed when they have stopped."""

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

from tests.mongodb.caller import KINDS
from tests.mongodb.scripted import Scripted
from tests.servers import Mongodb

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class TwoRuns:
    """What each run saw, by kind and case; and the cassette between them."""

    recorded: dict[str, dict[str, Any]]
    replayed: dict[str, dict[str, Any]]
    cassette: Path


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory, mongodb_server: Mongodb) -> TwoRuns:
    """Both runs with all kinds of clients."""
    folder = tmp_path_factory.mktemp("mongodb")
    mongodb_server.start()
    scripted = Scripted()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()[1]
    variables = {
        "MONGODB_SERVER": f"{mongodb_server.host}:{mongodb_server.port}",
        "MONGODB_SCRIPTED": f"127.0.0.1:{scripted.port}",
        "MONGODB_REFUSED": f"127.0.0.1:{refused}",
    }
    try:
        _program("record", folder, TIMETRACER_DIR=str(folder / "kept"), **variables)
        assert scripted.compressed
    finally:
        scripted.stop()
        mongodb_server.stop()
    (cassette,) = folder.glob("kept/**/*.json")
    _program("replay", folder, TIMETRACER_CASSETTE=str(cassette), **variables)
    return TwoRuns(_seen(folder, "record"), _seen(folder, "replay"), cassette)


def _seen(folder: Path, mode: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{mode}.json").read_text())
    return found


def _program(mode: str, folder: Path, **variables: str) -> None:
    environment = {
        **os.environ,
        "TIMETRACER_MODE": mode,
        "TIMETRACER_BANNER": "0",
        "TIMETRACER_MAX_TRACE_KB": "200000",
        "TIMETRACER_MAX_MEMORY_MB": "400",
        "PYTHONWARNINGS": "",
        "PYTHONHASHSEED": "1" if mode == "record" else "2",
        **variables,
    }
    command = [sys.executable, "-m", "tests.mongodb.program", mode, str(folder), *KINDS]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "recording failed" not in ran.stderr, ran.stderr
