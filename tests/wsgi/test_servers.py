"""A WSGI application of no framework under real servers: recorded, and replayed in three ways."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.wsgi.serving import (
    GUNICORN,
    Reply,
    ask,
    entries,
    free_port,
    recording,
    replayed,
    running,
    upstream,
    wait_for_cassettes,
)

BARE = [*GUNICORN, "tests.wsgi.bare:app"]
COMMANDS = {
    "wsgiref": [sys.executable, "-m", "tests.wsgi.bare", "{port}"],
    "sync": [*BARE, "-b", "127.0.0.1:{port}", "--workers", "2"],
    "gthread": [*BARE, "-b", "127.0.0.1:{port}", "-k", "gthread", "--threads", "4"],
    "waitress": [
        *(sys.executable, "-m", "waitress", "--listen", "127.0.0.1:{port}"),
        "tests.wsgi.bare:app",
    ],
    "gevent": [*BARE, "-b", "127.0.0.1:{port}", "-k", "gevent"],
}
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("/a_list", {}),
    ("/a_list", {"method": "HEAD"}),
    ("/a_generator", {}),
    ("/a_sized_iterable", {}),
    ("/writes", {}),
    ("/a_real_file", {}),
    ("/a_file_in_memory", {}),
    ("/reads_by_length", {"method": "POST", "body": b"x" * 200_000}),
    ("/raises", {}),
    ("/asks", {}),
]


def command_for(server: str, port: int) -> list[str]:
    return [word.format(port=port) for word in COMMANDS[server]]


def asked(server: str, port: int) -> list[Reply]:
    more = [] if server == "wsgiref" else [("/reads_all", {"method": "POST", "body": _chunks()})]
    return [ask(port, path, **keywords) for path, keywords in [*ASKED, *more]]


def _chunks() -> Any:
    yield from (b"one", b"two" * 1000)


@pytest.mark.parametrize("server", COMMANDS)
def test_recorded_and_replayed(server: str, tmp_path: Path) -> None:
    port = free_port()
    folder, log = tmp_path / "cassettes", tmp_path / "log"
    command = command_for(server, port)
    with upstream() as url:
        plain = None
        if server in {"wsgiref", "sync"}:  # of the others it is known by the same code
            with running(command, port, log=log, UPSTREAM_URL=url):
                plain = asked(server, port)
        with running(recording(command, folder), port, log=log, UPSTREAM_URL=url):
            seen = asked(server, port)
            wait_for_cassettes(folder, len(seen))
    assert plain is None or seen == plain
    assert len(entries(folder)) == len(seen)
    (asking,) = [c for c in wait_for_cassettes(folder, 0) if c.interactions]
    paths = sorted(interaction.path for interaction in asking.interactions)
    assert paths == ["", "", *(f"thread#{n}" for n in range(1, 7))]

    again = replayed(folder, "--", *command, UPSTREAM_URL=url)
    assert again.results == ["same"] * len(seen), again.said
    assert again.code == 0
    if server == "sync":
        here = replayed(folder, "--app", "tests.wsgi.bare:app", UPSTREAM_URL=url)
        assert (here.results, here.code) == (["same"] * len(seen), 0), here.said


def test_requests_served_at_once_do_not_mix(tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "cassettes"
    command = command_for("gthread", port)
    with (
        upstream() as url,
        running(recording(command, folder), port, log=tmp_path / "log", UPSTREAM_URL=url),
        ThreadPoolExecutor(8) as pool,
    ):
        replies = list(pool.map(lambda _: ask(port, "/asks"), range(16)))
        found = wait_for_cassettes(folder, 16)
    assert {reply.body for reply in replies} == {replies[0].body}
    assert [len(cassette.interactions) for cassette in found] == [8] * 16
