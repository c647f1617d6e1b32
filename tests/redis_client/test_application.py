"""A service with a pool, a lock, tasks and a listener: recorded, replayed, the same to the byte."""

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
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import timetracer
from tests.servers import Redis
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import find, read

ROOT = Path(__file__).parent.parent.parent
TIMETRACER = [sys.executable, "-m", "timetracer_otel.cli"]
APP = "tests.redis_client.shop:app"

pytestmark = pytest.mark.xdist_group("redis_client")


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
def shelf(tmp_path_factory: pytest.TempPathFactory, redis_server: Redis) -> Path:
    """A cassette of each request; the server has stopped since."""
    folder = tmp_path_factory.mktemp("shop")
    redis_server.start()
    redis_server.renew()
    environment = {**os.environ, "REDIS_URL": redis_server.url, "PYTHONHASHSEED": "1"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _served(folder, port, environment) as url:
        for n in range(3):
            _ask(f"{url}/order/ada", json.dumps({"n": n}).encode())
        _ask(f"{url}/broken")
    redis_server.stop()
    return folder


def _orders(shelf: Path) -> list[Cassette]:
    return [read(path) for path in find(shelf) if "order" in path.name]


def _replay(
    shelf: Path, *options: str, url: str = "redis://gone.invalid:1/0", seed: str = "2"
) -> str:
    ran = subprocess.run(
        [*TIMETRACER, "replay", str(shelf), "--app", APP, *options],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": url, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_replays_the_same_without_a_server_whatever_the_url_and_the_hash_seed(shelf: Path) -> None:
    _replay(shelf)


def test_replays_the_same_over_tls_with_a_password_when_tokens_are_drawn_anew(shelf: Path) -> None:
    url = "rediss://me:secret@gone.invalid:1/0?ssl_cert_reqs=none"
    assert "same" in _replay(shelf, "--no-random", "--no-clock", url=url, seed="3")


def test_each_pipeline_of_a_gather_is_an_interaction_at_its_own_path(shelf: Path) -> None:
    for cassette in _orders(shelf):
        pipelines = [
            i for i in cassette.interactions if i.title.startswith("PIPELINE MULTI; INCRBY")
        ]
        assert len({i.path for i in pipelines}) == len(pipelines) == 5


def test_setting_up_connections_is_no_part_of_a_request(shelf: Path) -> None:
    for cassette in _orders(shelf):
        words = {i.title.split()[0] for i in cassette.interactions}
        assert not words & {"HELLO", "CLIENT", "SELECT", "AUTH"}
        assert {"HELLO", "PING"} <= {i.title.split()[0] for i in cassette.bootstrap}


def test_a_cassette_is_shown_and_valid(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (broken,) = [path for path in find(shelf) if "broken" in path.name]
    shown = timetracer(capsys, "show", broken).out
    assert "redis  OK         SET text x" in shown
    assert "redis  WRONGTYPE  LPUSH text y" in shown
    assert '{"$error": "WRONGTYPE Operation against a key' in shown
    assert timetracer(capsys, "validate", shelf).code == 0


def test_what_a_listener_in_the_background_hears_fills_nothing(shelf: Path) -> None:
    for cassette in _orders(shelf):
        everything = [*cassette.interactions, *cassette.bootstrap]
        assert not [i for i in everything if i.title.startswith("message")]
        assert cassette.dropped == []
