"""A project that is tested with the plugin, and the service that it asks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

__all__ = ["Project", "Upstream", "steady"]


class Upstream:
    """Answers ``GET`` and ``POST`` at any path in JSON; counts what it is asked.

    Stopped and started again it is at the same address.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.price = 4
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                sent = self.rfile.read(size).decode()
                body = json.dumps({"price": service.price, "path": self.path, "sent": sent})
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET  # noqa: N815 - as the class has it

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is there
                """Say nothing."""

        self._handler = Handler
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
            self.port = self._server.server_address[1]
            Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


PLAIN = (
    "-pno:asyncio",
    "-pno:django",
    "-pno:faker",
    "-pno:flask",
    "-pno:hypothesispytest",
    "-pno:randomly",
    "-pno:recording",
)
"""Without the plugins of others, unless a test is about them."""


class Project:
    """A folder with tests."""

    def __init__(self, pytester: pytest.Pytester, upstream: Upstream) -> None:
        self._pytester = pytester
        self.upstream = upstream
        self.path = pytester.path
        self.plain: tuple[str, ...] = PLAIN
        self.write("pytest.ini", "[pytest]\naddopts = -pno:cacheprovider\n")

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *arguments: str, **environ: str) -> pytest.RunResult:
        """Run pytest in a new process."""
        variables = {"UPSTREAM": self.upstream.url, "PYTHONPATH": str(self.path), **environ}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            return self._pytester.runpytest_subprocess(*self.plain, *arguments)

    def passes(self, *arguments: str, **environ: str) -> str:
        """Run pytest, which has to end in success; gives what it said."""
        result = self.run(*arguments, **environ)
        assert result.ret == 0, str(result.stdout)
        return str(result.stdout)

    def fails(self, *arguments: str, **environ: str) -> str:
        """The same for failure."""
        result = self.run(*arguments, **environ)
        assert result.ret == 1, str(result.stdout)
        return str(result.stdout)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``timetracer`` in the project."""
        environ = {**os.environ, "UPSTREAM": self.upstream.url, "PYTHONPATH": str(self.path)}
        call = [sys.executable, "-m", "timetracer_otel.cli", *words]
        return subprocess.run(
            call, cwd=self.path, env=environ, capture_output=True, text=True, check=False
        )

    @property
    def cassettes(self) -> dict[str, str]:
        """The text of every cassette by its path in the project."""
        found = sorted(self.path.rglob("*.json"))
        return {path.relative_to(self.path).as_posix(): path.read_text() for path in found}


_TIMES = re.compile(
    r'"(recorded_at|start_us|duration_us|offsets_ns)": ("[^"]*"|\d+|\[[\d,]*\])'
    r'|"Date: [^"]*"'
)


def steady(text: str) -> str:
    """A cassette's text without its times."""
    return _TIMES.sub("…", text)
