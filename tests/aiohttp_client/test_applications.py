"""Services that ask by aiohttp: recorded, and replayed by the command when nobody else runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aiohttp_client.hosts import addresses
from tests.cli.test_main import TIMETRACER
from tests.serving import ROOT
from timetracer_otel.cassette import Cassette
from timetracer_otel.cassette.files import read
from timetracer_otel.protocols.http_parts import HttpInteraction

REPLAYED = ("gather", "per-call", "passed-on", "failing")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder of cassettes, one a path, and the addresses that were asked."""
    folder = tmp_path_factory.mktemp("served")
    with addresses(folder) as (names, _):
        environment = {**os.environ, **names, "TIMETRACER_DIR": str(folder / "kept")}
        command = [sys.executable, "-m", "tests.aiohttp_client.served"]
        ran = subprocess.run(
            [*command, "early", *REPLAYED, "websocket"],
            cwd=ROOT,
            env={**environment, "TIMETRACER_MODE": "record", "TIMETRACER_BANNER": "0"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    return folder / "kept", names


def _file(folder: Path, path: str) -> Path:
    (file,) = folder.glob(f"**/GET_{path}_*.json")
    return file


def _cassette(folder: Path, path: str) -> Cassette:
    return read(_file(folder, path))


@pytest.fixture(scope="module")
def verdicts(served: tuple[Path, dict[str, str]]) -> str:
    """What the command says of the replayed ones, the servers having stopped."""
    folder, names = served
    files = [str(_file(folder, path)) for path in (*REPLAYED, "websocket")]
    ran = subprocess.run(
        [*TIMETRACER, "replay", *files, "--app", "tests.aiohttp_client.service:app"],
        cwd=ROOT,
        env={**os.environ, **names},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("path", REPLAYED)
def test_a_service_answers_the_same_without_the_others(verdicts: str, path: str) -> None:
    """Tasks each with their own answer; a session for all and one a call; what streams."""
    assert f"same  GET http://shop/{path}\n" in verdicts, verdicts


def test_a_session_from_before_the_recording_is_recorded(
    served: tuple[Path, dict[str, str]],
) -> None:
    (asked,) = _cassette(served[0], "early").interactions
    assert (asked.library, asked.title) == ("aiohttp", f"GET {served[1]['URL']}/json")


def test_a_websocket_is_noted_and_holds_nothing_open(served: tuple[Path, dict[str, str]]) -> None:
    (noted,) = _cassette(served[0], "websocket").interactions
    assert isinstance(noted, HttpInteraction)
    assert noted.response is not None
    assert noted.response.status == 101


def test_a_websocket_is_not_replayed_and_the_verdict_says_why(verdicts: str) -> None:
    assert "different  GET http://shop/websocket\n" in verdicts, verdicts
    assert "it became a WebSocket, whose messages" in verdicts, verdicts
