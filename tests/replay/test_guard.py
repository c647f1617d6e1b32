"""Nothing leaves a process under replay, and what would have is named."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class Outside:
    """A world to go out to: it counts who comes."""

    port: int
    path: Path
    came: list[str] = field(default_factory=list)

    def tried(self, *live: str) -> dict[str, Any]:
        """What became of each way out, in a process of its own."""
        command = [sys.executable, "-m", "tests.replay.ways_out", "127.0.0.1", str(self.port)]
        ran = subprocess.run(
            [*command, str(self.path), *live],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        found: dict[str, Any] = json.loads(ran.stdout)
        return found


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    path = tmp_path / "socket"
    with ExitStack() as stack:
        server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        world = Outside(server.server_port, path)

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                world.came.append("tcp")
                super().setup()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Not in the tests' output."""

        server.RequestHandlerClass = Handler
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(path))
        unix.listen()
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(("127.0.0.1", world.port))
        unix.setblocking(False)
        datagrams.setblocking(False)
        yield world
        with pytest.raises(BlockingIOError):
            unix.accept()
        with pytest.raises(BlockingIOError):
            datagrams.recv(1)


def test_every_way_out_is_blocked_and_named_and_what_is_allowed_is_allowed(
    outside: Outside,
) -> None:
    tried = outside.tried()
    found = tried["found"]
    allowed = {name: text for name, text in found.items() if name.startswith("allowed_")}
    allowed.pop("allowed_system_log", None)  # where there is none, it says so itself
    assert set(allowed.values()) == {"went out"}, allowed
    assert not found["allowed_system_log"].startswith("blocked")
    blocked = {name: text for name, text in found.items() if name not in allowed}
    blocked.pop("allowed_system_log")
    passed = {name: text for name, text in blocked.items() if not text.startswith("blocked: ")}
    assert passed == {}
    assert outside.came == []
    assert len(tried["blocked"]) >= len(blocked)
    line = re.compile(r"ways_out\.py:\d+")
    assert {name for name, text in blocked.items() if not line.search(text)} <= {"in_a_pool"}
    assert "secret" not in json.dumps(tried)


@pytest.mark.parametrize(
    ("way", "library"),
    [
        ("connect", "the application"),
        ("a_request_of_requests", "requests"),
        ("a_request_of_httpx", "httpx"),
        ("a_request_of_async_httpx_asyncio", "httpx"),
        ("a_request_of_async_httpx_uvloop", "httpx"),
        ("in_a_thread", "requests"),
        ("in_a_pool", "requests"),
        ("with_pymysql", "pymysql"),
        ("with_asyncpg_asyncio", "asyncpg"),
        ("with_asyncpg_uvloop", "asyncpg"),
        ("with_psycopg", "psycopg"),
        ("with_psycopg2", "psycopg2"),
    ],
)
def test_a_blocked_call_names_its_library(
    way: str, library: str, tried_once: dict[str, Any]
) -> None:
    assert tried_once["found"][way].startswith(f"blocked: {library} tried to reach ")


@pytest.fixture(scope="module")
def tried_once() -> dict[str, Any]:
    return Outside(9, Path("/nowhere")).tried()


def test_a_live_library_goes_out_and_no_other_does(outside: Outside) -> None:
    found = outside.tried("httpx")["found"]
    went = {name for name, text in found.items() if text == "went out"}
    went = {name for name in went if not name.startswith("allowed_")}
    assert went == {
        "a_request_of_httpx",
        "a_request_of_async_httpx_asyncio",
        "a_request_of_async_httpx_uvloop",
    }
    assert outside.came == ["tcp"] * 3
