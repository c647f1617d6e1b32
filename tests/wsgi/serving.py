"""Real servers, recorded and replayed by the command, as a person does it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.version import Version

from tests import serving
from tests.serving import ROOT, TIMETRACER, free_port
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import find, read
from timetracer_otel.protocols.http_parts import HttpInteraction

__all__ = [
    "GUNICORN",
    "ROOT",
    "TIMETRACER",
    "Replayed",
    "Reply",
    "ask",
    "cassettes",
    "entries",
    "free_port",
    "recording",
    "replayed",
    "running",
    "upstream",
    "wait_for_cassettes",
]

GUNICORN = [
    *(sys.executable, "-m", "gunicorn"),
    *(["--no-control-socket"] if Version(version("gunicorn")) >= Version("25.1") else []),
]


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"asked": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name
        ...


@contextlib.contextmanager
def upstream() -> Iterator[str]:
    """A service that says what it was asked for, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Reply:
    """What came over the wire, but for what a server says of itself and of the day."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


_OWN = {"date", "server", "connection", "keep-alive"}


def ask(port: int, path: str, *, method: str = "GET", body: Any = None, **headers: str) -> Reply:
    """One request on a connection of its own; keywords are headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, named)
        response = connection.getresponse()
        kept = [(n, v) for n, v in response.getheaders() if n.lower() not in _OWN]
        return Reply(response.status, kept, response.read())
    finally:
        connection.close()


def running(
    command: Sequence[str], port: int, *, log: Path, folder: Path = ROOT, **variables: str
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """`command` while it listens; ended by SIGTERM, as by a supervisor."""
    environ = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", **variables}
    return serving.running(command, port, log=log, cwd=folder, **environ)


def recording(command: Sequence[str], folder: Path) -> list[str]:
    return [*TIMETRACER, "record", "--dir", str(folder), "--", *command]


def wait_for_cassettes(folder: Path, count: int) -> list[Cassette]:
    """All cassettes, once there are so many."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        files = find(folder) if folder.is_dir() else []
        if len(files) >= count:
            break
        time.sleep(0.05)
    return cassettes(folder)


def cassettes(folder: Path) -> list[Cassette]:
    found = [read(path) for path in find(folder)]
    return sorted(found, key=lambda cassette: cassette.recorded_at)


def entries(folder: Path) -> list[HttpInteraction]:
    return [c.entry for c in cassettes(folder) if isinstance(c.entry, HttpInteraction)]


@dataclass(frozen=True)
class Replayed:
    """The exit code, the verdicts and all that was said."""

    code: int
    verdicts: list[dict[str, Any]]
    said: str

    @property
    def results(self) -> list[str]:
        return [verdict["result"] for verdict in self.verdicts]


def replayed(folder: Path, *words: str, cwd: Path = ROOT, **variables: str) -> Replayed:
    """``timetracer replay``; the words say against what."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", **variables}
    ran = subprocess.run(
        [*TIMETRACER, "replay", str(folder), "--format", "json", *words],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    try:
        verdicts = json.loads(ran.stdout)
    except ValueError:
        verdicts = []
    found = verdicts["verdicts"] if isinstance(verdicts, dict) else verdicts
    return Replayed(ran.returncode, found, ran.stderr + ran.stdout)
