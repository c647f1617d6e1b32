"""Every case recorded against a live server, and replayed when it has stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.http.upstream import Upstream

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class TwoRuns:
    """What each run saw, by case; and the cassette between them."""

    recorded: dict[str, Any]
    replayed: dict[str, Any]
    cassette: Path


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], TwoRuns]:
    """Both runs with a client, made when first asked for."""

    @cache
    def run(kind: str) -> TwoRuns:
        folder = tmp_path_factory.mktemp(kind)
        with Upstream() as upstream, socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
            closed.close()
            addresses = {
                "URL": upstream.url,
                "DEAF_URL": upstream.deaf_url,
                "REFUSED_URL": f"http://127.0.0.1:{refused}",
            }
            _program("record", kind, folder, TIMETRACER_DIR=str(folder / "kept"), **addresses)
            before = upstream.requests
        (cassette,) = folder.glob("kept/**/*.json")
        _program("replay", kind, folder, TIMETRACER_CASSETTE=str(cassette), **addresses)
        assert upstream.requests == before
        return TwoRuns(_seen(folder, "record"), _seen(folder, "replay"), cassette)

    return run


def _seen(folder: Path, mode: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{mode}.json").read_text())
    return found


def _program(mode: str, kind: str, folder: Path, **variables: str) -> None:
    environment = {
        **os.environ,
        "TIMETRACER_MODE": mode,
        "TIMETRACER_BANNER": "0",
        "TIMETRACER_MAX_TRACE_KB": "200000",
        "PYTHONWARNINGS": "",
        **variables,
    }
    command = [sys.executable, "-m", "tests.http.program", mode, kind, str(folder)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
