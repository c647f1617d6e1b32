"""The service recorded once, with all it depends on gone afterwards."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.replay.upstream import Upstream
from tests.serving import ROOT, free_port, running
from timetracer_otel.cassette import Cassette
from timetracer_otel.cassette.files import find, read
from timetracer_otel.protocols.http_parts import HttpInteraction

SERVICE = "tests.replay.service:app"
ORDERS = ({"sku": 1}, {"sku": 2}, {"sku": 3})


@dataclass
class Recorded:
    """Cassettes by path, what each client got, and the environment of then."""

    folder: Path
    environ: dict[str, str]
    answers: dict[str, bytes]
    port: int

    def of(self, path: str) -> Path:
        """The one cassette whose request asked `path`."""
        found = [file for file in find(self.folder) if path_of(read(file)) == path]
        assert len(found) == 1, (path, found)
        return found[0]

    def replay(
        self, *words: object, paths: Sequence[str] = (), **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """`timetracer replay` with the cassettes of `paths`, or all."""
        files = [str(self.of(path)) for path in paths] or [str(self.folder)]
        command = [sys.executable, "-m", "timetracer_otel.cli", "replay", *files]
        return subprocess.run(
            [*command, *map(str, words)],
            cwd=ROOT,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def verdicts(self, *words: object, paths: Sequence[str] = (), **environ: str) -> dict[str, Any]:
        """The verdicts of such a replay against ``--app``, by path."""
        shown = self.replay("--format", "json", *words, paths=paths, **environ)
        assert shown.stdout, shown.stderr
        found = json.loads(shown.stdout)["verdicts"]
        return {path_of(read(Path(verdict["name"]))): verdict for verdict in found}


def path_of(cassette: Cassette) -> str:
    entry = cassette.entry
    assert isinstance(entry, HttpInteraction)
    request = entry.request
    path = "/" + request.url.partition("://")[2].partition("/")[2]
    body = request.body.json if request.body is not None else None
    sku = f"#{body['sku']}" if isinstance(body, dict) else ""
    return f"{request.method} {path}{sku}"


def uvicorn(port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "uvicorn", SERVICE, "--port", str(port), *more]


def ask_everything(port: int) -> dict[str, bytes]:
    """One request of each kind; the bodies that came."""
    found: dict[str, bytes] = {}
    paths = ["/items/1", "/gather", "/threads", "/background", "/detached", "/stream"]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for path in [*paths, "/itself", "/nothing", "/unchanged"]:
            found[f"GET {path}"] = client.get(path).content
        for order in ORDERS:
            found[f"POST /orders#{order['sku']}"] = client.post("/orders", json=order).content
        found["PUT /upload"] = client.put("/upload", content=_pieces()).content
        found["HEAD /items/2"] = client.head("/items/2").content
        found["GET /broken"] = client.get("/broken").content
    with httpx.stream("GET", f"http://127.0.0.1:{port}/events", timeout=30) as response:
        begin = b""
        for piece in response.iter_raw():
            begin += piece
            if begin.count(b"data:") > 4:
                break
        found["GET /events"] = begin
    return found


def _pieces() -> Iterator[bytes]:
    for _ in range(4):
        yield b"x" * 10_000


@contextmanager
def recorded(folder: Path, recorder: Sequence[str], **environ: str) -> Iterator[Recorded]:
    """Record with `recorder` in front of uvicorn; on entry, everything is gone but the code."""
    database = folder / "shop.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE items (sku INTEGER, name TEXT)")
        items = [(1, "mug"), (2, "poster"), (3, "sticker")]
        connection.executemany("INSERT INTO items VALUES (?, ?)", items)
        connection.execute("CREATE TABLE money (code TEXT)")
        connection.executemany("INSERT INTO money VALUES (?)", [("EUR",), ("USD",)])
    connection.close()
    port = free_port()
    with Upstream() as upstream:
        variables = {
            **os.environ,
            "UPSTREAM": upstream.url,
            "DATABASE": str(database),
            "TIMETRACER_DIR": str(folder / "kept"),
            **environ,
        }
        with running([*recorder, *uvicorn(port)], port, log=folder / "server.log", **variables):
            answers = ask_everything(port)
            time.sleep(0.6)  # the detached task's own time
    database.rename(folder / "moved away")
    yield Recorded(folder / "kept", variables, answers, port)
