"""gunicorn's aiohttp worker: it serves the very application, which aiohttp records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.aiohttp_web import app
from tests.aiohttp_web.asking import CASES, exchanged
from tests.wsgi.serving import (
    GUNICORN,
    entries,
    free_port,
    recording,
    replayed,
    running,
    upstream,
    wait_for_cassettes,
)
from timetracer_otel.capture.serving import with_server_span

WORKER = [*GUNICORN, "-k", "aiohttp.GunicornWebWorker"]
ASKED = ("text", "asks", "upload", "file", "raised")


@pytest.mark.parametrize("made", [app.app, app.make_later, web.AppRunner(app.app)])
def test_what_the_worker_serves_stays_the_very_object(made: object) -> None:
    assert with_server_span(made) is made


def test_recorded_and_replayed(tmp_path: Path) -> None:
    port, folder, log = free_port(), tmp_path / "cassettes", tmp_path / "log"
    command = [*WORKER, "tests.aiohttp_web.app:make_later", "-b", f"127.0.0.1:{port}"]
    with upstream() as url:
        variables: dict[str, Any] = {"UPSTREAM_URL": url, "DATABASE": str(tmp_path / "numbers.db")}
        with running(recording(command, folder), port, log=log, **variables):
            seen = [exchanged(port, CASES[case]) for case in ASKED]
            wait_for_cassettes(folder, len(seen))
    assert [reply.split(b" ")[1] for reply in seen] == [b"200"] * 4 + [b"500"]
    assert [entry.library for entry in entries(folder)] == ["aiohttp_web"] * len(seen)
    (tmp_path / "numbers.db").unlink()
    again = replayed(folder, "--", *command, **variables)
    assert (again.results, again.code) == (["same"] * len(seen), 0), again.said
