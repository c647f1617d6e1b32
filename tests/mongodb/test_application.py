"""A service with three clients, tasks and a poller: recorded, replayed, the same to the byte."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.servers import Mongodb
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import find, read

ROOT = Path(__file__).parent.parent.parent
TIMETRACER = [sys.executable, "-m", "timetracer_otel.cli"]
APP = "tests.mongodb.shop:app"
ELSEWHERE = (
    "mongodb://u:p@gone.invalid:1,gone.invalid:2/?replicaSet=rs7&tls=true&authSource=admin"
    "&authMechanism=SCRAM-SHA-256"
)

pytestmark = pytest.mark.xdist_group("mongodb")


@contextmanager
def _served(folder: Path, port: int, environment: dict[str, str]) -> Iterator[str]:
    command = [*TIMETRACER, "record", "--dir", str(folder), "--", sys.executable, "-m", "uvicorn"]
    child = subprocess.Popen(
        [*command, APP, "--port", str(port), "--log-level", "warning"],
        cwd=ROOT,
        env=environment,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def _ask(url: str, data: bytes | None = None) -> bytes:
    headers = {"content-type": "application/json"}
    for _ in range(600):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.1)  # it is still starting
    raise AssertionError("it did not start")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, mongodb_server: Mongodb) -> Path:
    """A cassette of each request; the server has stopped since."""
    folder = tmp_path_factory.mktemp("shop")
    mongodb_server.renew()
    environment = {**os.environ, "MONGODB_URL": mongodb_server.url, "PYTHONHASHSEED": "1"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _served(folder, port, environment) as url:
        for n in range(3):
            _ask(f"{url}/order/ada", json.dumps({"lines": [f"{n}-{i}" for i in range(5)]}).encode())
        _ask(f"{url}/quiet/ada", b"{}")
        for user in ("ada", "bob"):
            _ask(f"{url}/lazy/{user}", b"{}")
        with suppress(urllib.error.HTTPError):
            _ask(f"{url}/again/ada")
    mongodb_server.stop()
    return folder


def _orders(shelf: Path) -> list[Cassette]:
    return [read(path) for path in find(shelf) if "order" in path.name]


def _replay(shelf: Path, *options: str, url: str = ELSEWHERE, seed: str = "2") -> str:
    ran = subprocess.run(
        [*TIMETRACER, "replay", str(shelf), "--app", APP, *options],
        cwd=ROOT,
        env={**os.environ, "MONGODB_URL": url, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_replays_the_same_without_a_server_whatever_the_url_and_the_hash_seed(shelf: Path) -> None:
    assert "loose" not in _replay(shelf)


def test_identifiers_that_are_drawn_anew_stand_for_the_recorded_ones(shelf: Path) -> None:
    (quiet,) = (path for path in find(shelf) if "quiet" in path.name)
    told = _replay(quiet, "--no-random", seed="3")
    assert "insert shop.quiet 4 documents" in told  # named as matched loosely


def test_a_client_that_an_earlier_request_made_is_made_without_a_trace(shelf: Path) -> None:
    """Its tasks are not numbered, and what it draws for itself is not the request's."""
    for path in (path for path in find(shelf) if "lazy" in path.name):
        assert "loose" not in _replay(path)


def test_a_cluster_a_login_and_tls_need_no_server(shelf: Path) -> None:
    _replay(shelf, url="mongodb://gone.invalid/?tls=true", seed="4")
    _replay(shelf, url="mongodb://gone.invalid/?directConnection=true", seed="5")
    _replay(shelf, url="mongodb+srv://u:p@cluster0.gone.invalid/?retryWrites=true", seed="6")


def test_calls_of_a_gather_have_paths_of_their_own(shelf: Path) -> None:
    for cassette in _orders(shelf):
        taken = [i for i in cassette.interactions if i.title.startswith("findAndModify")]
        assert len({i.path for i in taken}) == len(taken) == 5


def test_setting_up_and_what_polls_in_the_background_fill_nothing(shelf: Path) -> None:
    for cassette in _orders(shelf):
        assert {i.title.split()[0] for i in cassette.interactions} == {
            *("insert", "update", "findAndModify", "find", "getMore", "aggregate")
        }
        titles = [i.title for i in cassette.bootstrap]
        assert sorted({title.split()[0] for title in titles}) == [
            *("createIndexes", "find", "hello", "ping")
        ]
        assert len(titles) == 4
        assert cassette.dropped == []
