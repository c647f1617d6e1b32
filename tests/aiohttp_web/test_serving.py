"""A server that stays up under replay: each request finds its own cassette."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.aiohttp_web.asking import exchanged, request
from tests.wsgi.serving import TIMETRACER, free_port, recording, running, wait_for_cassettes


def test_what_is_drawn_before_the_body_is_read_is_of_the_cassette_with_that_body(
    tmp_path: Path,
) -> None:
    port, folder, log = free_port(), tmp_path / "cassettes", tmp_path / "log"
    command = [sys.executable, "-m", "tests.aiohttp_web.app", str(port)]
    asked = [request("/draws", "POST", body) for body in (b"one", b"two", b"three")]
    with running(recording(command, folder), port, log=log):
        seen = [exchanged(port, data) for data in asked]
        wait_for_cassettes(folder, len(seen))
    assert len(set(seen)) == len(seen)
    served = [*TIMETRACER, "replay", str(folder), "--serve", "--", *command]
    with running(served, port, log=log):
        again = [exchanged(port, data) for data in reversed(asked)]
    assert again[::-1] == seen
