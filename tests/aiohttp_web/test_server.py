"""An application of aiohttp.web: the same with and without recording, and in its replay."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.aiohttp_web.asking import CASES, exchanged, left_after, request
from tests.wsgi.serving import (
    Replayed,
    free_port,
    recording,
    replayed,
    running,
    upstream,
    wait_for_cassettes,
)
from timetracer_otel.cassette import Cassette
from timetracer_otel.protocols.bodies import content_bytes, wire_chunks
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpResponse

APP = "tests.aiohttp_web.app"
COMMAND = [sys.executable, "-m", APP]
_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Kept:
    """Cassettes, and where there was what the application then asked; all of it is gone."""

    folder: Path
    cassettes: list[Cassette]
    variables: dict[str, Any]

    def entry(self, number: int) -> HttpInteraction:
        found = self.cassettes[number].entry
        assert isinstance(found, HttpInteraction)
        return found

    def replayed(self, *words: str) -> Replayed:
        return replayed(self.folder, *words, **self.variables)


@dataclass(frozen=True)
class Answered:
    """What each case got, without and with recording."""

    plain: list[bytes]
    seen: list[bytes]
    kept: Kept


def _stopped(folder: Path, variables: dict[str, Any], count: int) -> Kept:
    Path(variables["DATABASE"]).unlink()
    return Kept(folder, wait_for_cassettes(folder, count), variables)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    folder, port = tmp_path_factory.mktemp("answered"), free_port()
    kept, log, command = folder / "cassettes", folder / "log", [*COMMAND, str(port)]
    with upstream() as url:
        variables: dict[str, Any] = {"UPSTREAM_URL": url, "DATABASE": str(folder / "numbers.db")}
        with running(command, port, log=log, **variables):
            plain = [exchanged(port, data) for data in CASES.values()]
        with running(recording(command, kept), port, log=log, **variables):
            seen = [exchanged(port, data) for data in CASES.values()]
            wait_for_cassettes(kept, len(CASES))
    assert "recording failed" not in log.read_text()
    return Answered(plain, seen, _stopped(kept, variables, len(CASES)))


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_server_sends_the_same_bytes(answered: Answered, case: str) -> None:
    number = list(CASES).index(case)
    assert answered.seen[number] == answered.plain[number]


@pytest.mark.parametrize("case", CASES)
def test_what_was_sent_is_in_the_cassette(answered: Answered, case: str) -> None:
    number = list(CASES).index(case)
    entry = answered.kept.entry(number)
    head, _, body = answered.seen[number].partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    response = entry.response
    assert response is not None
    status = f"HTTP/{response.http_version} {response.status} {response.reason}"
    lines = head.decode().split("\r\n")
    assert [status, *response.headers] == [li for li in lines if not li.startswith("Server: ")]
    assert _framed(response) == body
    assert CASES[case].startswith(f"{entry.request.method} ".encode())
    sent = CASES[case].decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")[1:]
    assert entry.request.headers == sent


def _framed(response: HttpResponse) -> bytes:
    chunks = wire_chunks(response.body, title="") if response.body is not None else []
    if "Transfer-Encoding: chunked" not in response.headers:
        return b"".join(chunks)
    ended = response.body is None or response.body.state == "complete"
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return framed + b"0\r\n\r\n" * ended


@pytest.mark.parametrize("against", ["a command", "the application", "a coroutine that makes it"])
def test_all_is_answered_again_with_everything_stopped(answered: Answered, against: str) -> None:
    words = {
        "a command": ["--", *COMMAND, str(free_port())],
        "the application": ["--app", APP],
        "a coroutine that makes it": ["--app", f"{APP}:make_later"],
    }[against]
    again = answered.kept.replayed(*words)
    assert (again.results, again.code) == (["same"] * len(CASES), 0), again.said


def _case(answered: Answered, case: str) -> HttpInteraction:
    return answered.kept.entry(list(CASES).index(case))


def test_what_was_not_handled_is_in_the_cassette_with_its_traceback(answered: Answered) -> None:
    for case, kind in (("raised", "ZeroDivisionError"), ("raised late", "RuntimeError")):
        raised = _case(answered, case).raised
        assert raised is not None
        assert raised.type == kind
        assert "app.py" in str(raised.traceback)
    for case in ("raised HTTP", "redirect", "not found"):
        assert _case(answered, case).raised is None


def test_routes_are_templates(answered: Answered) -> None:
    assert _case(answered, "application below").request.route == "/below/items/{item}"
    assert _case(answered, "file").request.route == "/file/{size}"
    assert not _case(answered, "not found").request.route


@pytest.mark.parametrize(
    ("case", "state", "size"),
    [
        ("upload", "complete", 500_000),
        ("read a little", "partial", 5),
        ("read nothing", "unread", 0),
        ("chunks", "complete", 1503),
    ],
)
def test_uploads_are_kept_as_far_as_they_were_read(
    answered: Answered, case: str, state: str, size: int
) -> None:
    body = _case(answered, case).request.body
    assert body is not None
    assert (body.state, body.size) == (state, size)


def test_a_coded_upload_is_kept_as_it_came_and_is_readable(answered: Answered) -> None:
    body = _case(answered, "coded json").request.body
    assert body is not None
    assert (body.json, body.coding, body.state) == ({"a": [1, 2]}, ["gzip"], "complete")


def test_calls_of_middlewares_handlers_and_bodies_are_of_the_request(answered: Answered) -> None:
    names = list(CASES)
    asking = answered.kept.cassettes[names.index("asks")]
    assert sorted(i.library for i in asking.interactions) == ["aiohttp"] * 3 + ["sqlite3"]
    (one,) = answered.kept.cassettes[names.index("generator that asks")].interactions
    assert one.library == "aiohttp"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Clients that leave, pipelined and broken requests, sockets, detached tasks."""
    folder, port = tmp_path_factory.mktemp("odd"), free_port()
    kept, log = folder / "cassettes", folder / "log"
    with upstream() as url:
        variables: dict[str, Any] = {"UPSTREAM_URL": url, "DATABASE": str(folder / "numbers.db")}
        command = recording([*COMMAND, str(port)], kept)
        with running(command, port, log=log, **variables):
            left_after(port, request("/endless"), 50_000)
            wait_for_cassettes(kept, 1)
            left_after(port, request("/reads", "POST", b"x" * 1000)[:-500], 0)
            wait_for_cassettes(kept, 2)
            parent = {"traceparent": _PARENT, "Connection": "keep-alive"}
            exchanged(port, request("/asks", headers=parent) + request("/below/items/2"))
            wait_for_cassettes(kept, 4)
            assert exchanged(port, b"no HTTP\r\n\r\n").startswith(b"HTTP/1.0 400")
            exchanged(port, request("/later"))
            wait_for_cassettes(kept, 5)
            said = asyncio.run(_spoken(port))
            wait_for_cassettes(kept, 6)
    assert said == ['{"asked": "/socket"}', "HELLO"]
    assert "recording failed" not in log.read_text()
    return _stopped(kept, variables, 6)


async def _spoken(port: int) -> list[Any]:
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"http://127.0.0.1:{port}/socket", protocols=["chat"]) as socket,
    ):
        first = await socket.receive_str()
        await socket.send_str("hello")
        return [first, await socket.receive_str()]


def test_a_client_that_leaves_a_stream_is_noted_and_leaves_again(odd: Kept) -> None:
    response = odd.entry(0).response
    assert response is not None
    assert response.body is not None
    assert (response.status, response.body.state, odd.entry(0).raised) == (200, "aborted", None)
    assert content_bytes(response.body).startswith(b"tick tick")


def test_a_client_that_leaves_its_upload_is_noted(odd: Kept) -> None:
    body = odd.entry(1).request.body
    assert body is not None
    assert (body.state, body.size) == ("aborted", 500)


def test_each_pipelined_request_is_one_of_its_own_and_the_caller_s_trace_goes_on(odd: Kept) -> None:
    assert [odd.entry(n).request.route for n in (2, 3)] == ["/asks", "/below/items/{item}"]
    assert odd.cassettes[2].trace_id == _PARENT.split("-")[1] != odd.cassettes[3].trace_id
    assert [len(odd.cassettes[n].interactions) for n in (2, 3)] == [4, 0]


def test_what_is_no_request_is_not_recorded(odd: Kept) -> None:
    assert len(odd.cassettes) == 6


def test_a_socket_works_and_is_noted_as_its_handshake_with_the_calls_it_made(odd: Kept) -> None:
    response = odd.entry(5).response
    assert response is not None
    assert (response.status, response.body) == (101, None)
    assert "Sec-WebSocket-Protocol: chat" in response.headers
    assert [i.library for i in odd.cassettes[5].interactions] == ["aiohttp"]


def test_all_of_them_are_answered_again(odd: Kept) -> None:
    again = odd.replayed("--", *COMMAND, str(free_port()))
    assert again.results == ["same"] * 6, again.said
