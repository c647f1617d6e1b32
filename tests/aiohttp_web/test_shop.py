"""Applications of aiohttp.web: every way of answering, recorded, and replayed the same."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.wsgi.serving import (
    GUNICORN,
    ask,
    entries,
    free_port,
    recording,
    replayed,
    running,
    upstream,
    wait_for_cassettes,
)

COMMANDS = {
    "run_app": [sys.executable, "-m", "tests.aiohttp_web.shop", "--port", "{port}"],
    "gunicorn": [
        *(*GUNICORN, "-b", "127.0.0.1:{port}"),
        *("-k", "aiohttp.GunicornWebWorker", "tests.aiohttp_web.shop:factory"),
    ],
}
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data; boundary=edge"
_PARTS = (
    b'--edge\r\nContent-Disposition: form-data; name="one"; filename="1.bin"\r\n\r\n'
    + b"x" * 2000
    + b'\r\n--edge\r\nContent-Disposition: form-data; name="two"\r\n\r\n2\r\n--edge--\r\n'
)


def _chunks() -> Iterator[bytes]:
    yield from (b'"in', b" ", b'pieces"')


def _asked() -> list[tuple[str, dict[str, Any]]]:
    return [
        ("/things/a%20b?c=%2Fd&e", {}),
        ("/things/a", {"method": "HEAD"}),
        ("/things/a", {"method": "DELETE"}),
        ("/json", {"method": "POST", "body": b'{"a": 1}'}),
        ("/json", {"method": "POST", "body": _chunks()}),
        ("/json", {"method": "POST", "body": b"1" * 9000}),
        ("/form", {"method": "POST", "body": b"a=b&c=d+e", "content_type": _FORM}),
        ("/parts", {"method": "POST", "body": _PARTS, "content_type": _MULTIPART}),
        ("/unread", {"method": "POST", "body": b"x" * 100}),
        ("/stream", {}),
        ("/file", {}),
        ("/file", {"range": "bytes=10-99"}),
        ("/file", {"method": "HEAD"}),
        ("/compressed", {"accept_encoding": "gzip"}),
        ("/raises", {}),
        ("/elsewhere", {}),
        ("/cookies", {}),
        ("/asks", {}),
        ("/inner/one", {}),
        ("/nowhere", {}),
        ("/things/a", {"method": "PUT"}),
    ]


@pytest.mark.parametrize("server", COMMANDS)
def test_recorded_and_replayed(server: str, tmp_path: Path) -> None:
    port = free_port()
    folder, log = tmp_path / "cassettes", tmp_path / "log"
    command = [word.format(port=port) for word in COMMANDS[server]]
    with (
        upstream() as url,
        running(recording(command, folder), port, log=log, UPSTREAM_URL=url),
    ):
        replies = [ask(port, path, **keywords) for path, keywords in _asked()]
        with connect(f"ws://127.0.0.1:{port}/chat") as socket:
            socket.send("hello")
            assert socket.recv() == "hello!"
        wait_for_cassettes(folder, len(replies) + 1)
    assert "recording failed" not in log.read_text()
    statuses = [reply.status for reply in replies]
    recorded = sorted(_status(entry) for entry in entries(folder))
    assert recorded == sorted([*statuses, 101])
    assert (replies[7].json(), replies[10].body) == (
        {"one": 2000, "two": 1},
        Path("tests/aiohttp_web/shop.py").read_bytes(),
    )

    again = replayed(folder, "--", *command, UPSTREAM_URL=url)
    assert again.results == ["same"] * (len(replies) + 1), again.said


def _status(entry: Any) -> int:
    return entry.response.status if entry.response is not None else 0
