"""Every case recorded against live servers, and replayed when they have stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.aiohttp_client.hosts import addresses

ROOT = Path(__file__).parent.parent.parent

KINDS = ("asyncio", "uvloop", "asyncio-without-extensions")


@dataclass(frozen=True)
class TwoRuns:
    """What each run saw, by case; and the cassette between them."""

    recorded: dict[str, Any]
    replayed: dict[str, Any]
    cassette: Path


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], TwoRuns]:
    """Both runs on a loop and with a parser, made when first asked for."""

    @cache
    def run(kind: str) -> TwoRuns:
        folder = tmp_path_factory.mktemp("aio")
        with addresses(folder) as (names, upstream):
            _program("record", kind, folder, TIMETRACER_DIR=str(folder / "kept"), **names)
            before = upstream.requests
        (cassette,) = folder.glob("kept/**/*.json")
        _program("replay", kind, folder, TIMETRACER_CASSETTE=str(cassette), **names)
        assert upstream.requests == before
        return TwoRuns(_seen(folder, "record"), _seen(folder, "replay"), cassette)

    return run


def _seen(folder: Path, mode: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{mode}.json").read_text())
    return found


def _program(mode: str, kind: str, folder: Path, **variables: str) -> None:
    loop, _, extensions = kind.partition("-")
    environment = {
        **os.environ,
        "AIOHTTP_NO_EXTENSIONS": "1" if extensions else "",
        "TIMETRACER_MODE": mode,
        "TIMETRACER_BANNER": "0",
        "TIMETRACER_MAX_BODY_KB": "20000",
        "TIMETRACER_MAX_TRACE_KB": "200000",
        "PYTHONWARNINGS": "",
        **variables,
    }
    command = [sys.executable, "-m", "tests.aiohttp_client.program", mode, loop, str(folder)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert ran.returncode == 0, ran.stderr
