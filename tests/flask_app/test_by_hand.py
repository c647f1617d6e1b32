"""`instrument()` and `instrument_app` in the application's own code."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.wsgi.serving import (
    ask,
    entries,
    free_port,
    replayed,
    running,
    upstream,
    wait_for_cassettes,
)


def test_an_application_that_instruments_itself_is_recorded_and_replayed(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "cassettes"
    command = [sys.executable, "-m", "tests.flask_app.by_hand", str(port)]
    with (
        upstream() as url,
        running(command, port, log=tmp_path / "log", UPSTREAM_URL=url, TIMETRACER_DIR=str(folder)),
    ):
        reply = ask(port, "/asks/ada")
        wait_for_cassettes(folder, 1)
    assert reply.json() == {"upstream": {"asked": "/ada"}}
    (entry,) = entries(folder)
    assert entry.request.route == "/asks/<name>"

    here = replayed(folder, "--app", "tests.flask_app.by_hand:app", UPSTREAM_URL=url)
    assert (here.results, here.code) == (["same"], 0), here.said
    served = replayed(folder, "--port", str(port), "--", *command, UPSTREAM_URL=url)
    assert (served.results, served.code) == (["same"], 0), served.said
