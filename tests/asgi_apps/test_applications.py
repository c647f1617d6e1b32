"""Applications of several frameworks under several servers: recorded, replayed, the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.serving import TIMETRACER, cassettes, free_port, recorded, replayed, running
from timetracer_otel.cassette.files import read
from timetracer_otel.protocols.http_parts import HttpInteraction

UVICORN = [sys.executable, "-m", "uvicorn", "{app}", "--port", "{port}"]
SERVERS = {
    "uvicorn": UVICORN,
    "uvloop": [*UVICORN, "--loop", "uvloop", "--http", "httptools"],
    "hypercorn": [sys.executable, "-m", "hypercorn", "{app}", "--bind", "127.0.0.1:{port}"],
    "litestar": [sys.executable, "-m", "litestar", "--app", "{app}", "run", "--port", "{port}"],
}


class Kept(NamedTuple):
    """What one application answered while it was recorded, and its cassettes by path."""

    app: str
    upstream: str
    answers: list[httpx.Response]
    files: dict[str, Path]


def _command(server: str, app: str, port: int) -> list[str]:
    return [word.format(app=app, port=port) for word in SERVERS[server]]


def _record(
    server: str, app: str, folder: Path, ask: Callable[[httpx.Client], list[httpx.Response]]
) -> Kept:
    port, upstream = free_port(), free_port()
    source = _command("uvicorn", "tests.asgi_apps.upstream:app", upstream)
    url = f"http://127.0.0.1:{upstream}"
    with (
        running(source, upstream, log=folder / "upstream.log"),
        recorded(_command(server, app, port), port, folder / "kept", UPSTREAM=url),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        answers = ask(client)
        files = cassettes(folder / "kept", len(answers))
    return Kept(app, url, answers, {_path(file): file for file in files})


def _path(file: Path) -> str:
    entry = read(file).entry
    assert isinstance(entry, HttpInteraction)
    return entry.request.url.partition("://")[2].partition("/")[2]


def _ask_litestar(client: httpx.Client) -> list[httpx.Response]:
    return [
        client.get("/items/7"),
        client.post("/orders", json={"password": "s3cret", "page": 1}),
        client.post("/files", files={"data": ("a.bin", bytes(range(256)) * 400)}),
        client.get("/missing"),
        client.get("/broken"),
        client.get("/stream"),
        client.get("/sync", headers={"x-who": "me"}),
    ]


def _ask_mounted(client: httpx.Client) -> list[httpx.Response]:
    return [client.get("/"), client.get("/hotel/rooms/blue"), client.get("/api/things/3")]


@pytest.fixture(scope="module", params=["litestar", "uvicorn", "hypercorn"])
def litestar(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp(request.param)
    return _record(request.param, "tests.asgi_apps.litestar_app:app", folder, _ask_litestar)


@pytest.fixture(scope="module", params=["uvicorn", "uvloop", "hypercorn"])
def mounted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp(request.param)
    return _record(request.param, "tests.asgi_apps.mounted:app", folder, _ask_mounted)


def _is_the_same(kept: Kept) -> None:
    folder = next(iter(kept.files.values())).parent
    shown = replayed(folder, "--app", kept.app, UPSTREAM=kept.upstream)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count("same  ") == len(kept.answers)


def test_litestar_answers_the_same_with_its_upstream_gone(litestar: Kept) -> None:
    statuses = [answer.status_code for answer in litestar.answers]
    assert statuses == [200, 201, 201, 404, 500, 200, 200]
    _is_the_same(litestar)


def test_what_a_litestar_handler_raised_is_in_the_cassette(litestar: Kept) -> None:
    entry: Any = read(litestar.files["broken"]).entry
    assert (entry.raised.type, entry.raised.args) == ("LookupError", ["the handler's own"])
    assert "litestar_app.py" in entry.raised.traceback
    assert read(litestar.files["missing"]).entry.raised is None  # type: ignore[union-attr]


def test_the_route_names_the_file(litestar: Kept) -> None:
    assert litestar.files["items/7"].name.startswith("GET_items-number_200_")


def test_calls_of_a_background_task_and_of_a_streamed_body_are_kept(litestar: Kept) -> None:
    def titles(path: str) -> list[str]:
        return [call.title.rpartition("/")[2] for call in read(litestar.files[path]).interactions]

    assert titles("orders") == ["price", "notified"]
    assert titles("stream") == ["0", "1", "2"]


def test_a_mounted_application_has_one_entry_and_answers_the_same(mounted: Kept) -> None:
    for file in mounted.files.values():
        assert len(read(file).interactions) == 1
    _is_the_same(mounted)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """WebSockets, one that talks and one that is refused, and a request after them."""
    said: list[str] = []

    def ask(client: httpx.Client) -> list[httpx.Response]:
        url = str(client.base_url).replace("http", "ws", 1)
        with connect(f"{url}/ws", subprotocols=["chat"], compression=None) as socket:  # type: ignore[list-item]
            socket.send("hello")
            said.append(str(socket.recv()))
            assert socket.subprotocol == "chat"
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"{url}/refused")
        assert said == ["hello /said"]
        return [client.get("/"), *[httpx.Response(200)] * 2]

    folder = tmp_path_factory.mktemp("spoken")
    return _record("uvicorn", "tests.asgi_apps.mounted:app", folder, ask)


def test_a_websocket_works_and_is_noted_as_its_handshake_with_the_calls_it_made(
    spoken: Kept,
) -> None:
    cassette = read(spoken.files["ws"])
    entry: Any = cassette.entry
    assert entry.request.url.startswith("ws://")
    assert entry.response.status == 101
    assert "sec-websocket-protocol: chat" in entry.response.headers
    assert [call.title.rpartition("/")[2] for call in cassette.interactions] == ["said"]
    refused: Any = read(spoken.files["refused"]).entry
    assert refused.response.status == 403


def test_a_service_that_asks_another_has_a_cassette_of_the_same_trace_and_each_replays_alone(
    tmp_path: Path,
) -> None:
    ports = [free_port() for _ in range(3)]
    front, back, upstream = (f"http://127.0.0.1:{port}" for port in ports)
    commands = [
        _command("uvicorn", f"tests.asgi_apps.{app}:app", port)
        for app, port in zip(("fleet", "fleet", "upstream"), ports, strict=True)
    ]
    kept = tmp_path / "kept"
    with (
        running(commands[2], ports[2], log=tmp_path / "upstream.log"),
        recorded(commands[1], ports[1], kept, NEXT=upstream, OTEL_SERVICE_NAME="back"),
        recorded(commands[0], ports[0], kept, NEXT=back, OTEL_SERVICE_NAME="front"),
    ):
        answer = httpx.get(f"{front}/front/5", timeout=30)
        files = cassettes(kept, 2)
    assert answer.json()["back"]["upstream"]["path"] == "/deep"
    by_service = {str(read(file).resource[0]["service.name"]): file for file in files}
    assert len({read(file).trace_id for file in files}) == 1
    for service, following in (("front", back), ("back", upstream)):
        shown = replayed(by_service[service], "--app", "tests.asgi_apps.fleet:app", NEXT=following)
        assert shown.returncode == 0, shown.stdout + shown.stderr
    command = [*TIMETRACER, "list", str(kept)]
    wide = {**os.environ, "COLUMNS": "200"}
    listed = subprocess.run(command, env=wide, capture_output=True, text=True, check=True)
    _, first, second, *_ = listed.stdout.splitlines()
    assert first.endswith("front")
    assert "╰ same trace" in second
    assert second.endswith("back")
