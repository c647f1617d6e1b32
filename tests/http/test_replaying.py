"""`replaying`: one cassette answers in this very process."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from tests.http.requests import cassette, exchange, request
from timetracer_otel.cassette import write_cassette
from timetracer_otel.errors import BlockedCall, CannotReplay, MissingRecording, StoreError
from timetracer_otel.protocols.http_parts import BodyPart
from timetracer_otel.replay import replaying

URL = "http://api.test/items"
ASKED = request(URL, method="GET")


def test_calls_are_answered_and_counted() -> None:
    with replaying(cassette(exchange(ASKED, "recorded"))) as session:
        assert httpx.get(URL).text == "recorded"
        assert session.answers.unused() == []


async def _async_text() -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(URL)).text


def test_asynchronous_clients_too() -> None:
    import asyncio

    with replaying(cassette(exchange(ASKED, "recorded"))):
        assert asyncio.run(_async_text()) == "recorded"


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_bytes(write_cassette(cassette(exchange(ASKED, "from a file"))))
    with replaying(file):
        assert httpx.get(URL).text == "from a file"


def test_a_file_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(StoreError), replaying("nowhere.json"):
        pytest.fail("there is nothing to replay")


def test_a_call_without_a_recording_is_loud_and_is_noted() -> None:
    with replaying(cassette(exchange(ASKED, "recorded"))) as session:
        with pytest.raises(MissingRecording, match=r"\$\.url"):
            httpx.get("http://api.test/itemz")
        assert [miss.asked for miss in session.outcome.misses] == ["GET http://api.test/itemz"]


def test_nothing_goes_out_on_the_network() -> None:
    with replaying(cassette()), socket.socket() as wire, pytest.raises(BlockedCall):
        wire.connect(("127.0.0.1", 9))


def test_a_library_may_stay_live() -> None:
    with (
        replaying(cassette(exchange(ASKED, "recorded")), live=["httpx"]),
        pytest.raises(httpx.ConnectError),
    ):
        httpx.get("http://127.0.0.1:9/", trust_env=False)


def test_everything_is_as_it_was_afterwards() -> None:
    before = (httpx.HTTPTransport.handle_request, socket.socket.connect, socket.getaddrinfo)
    with pytest.raises(ValueError, match="out"), replaying(cassette()):
        raise ValueError("out")
    after = (httpx.HTTPTransport.handle_request, socket.socket.connect, socket.getaddrinfo)
    assert before == after


def test_one_within_another_answers_until_it_ends() -> None:
    outer, inner = (cassette(exchange(ASKED, name), exchange(ASKED, name)) for name in ("a", "b"))
    with replaying(outer):
        assert httpx.get(URL).text == "a"
        with replaying(inner):
            assert httpx.get(URL).text == "b"
        assert httpx.get(URL).text == "a"


def test_a_body_read_further_than_it_was_recorded_is_no_end_of_it() -> None:
    part = BodyPart(text="begin", size=5, state="partial")
    with (
        replaying(cassette(exchange(ASKED, body=part))),
        httpx.stream("GET", URL) as response,
    ):
        chunks = response.iter_raw()
        assert next(chunks) == b"begin"
        with pytest.raises(CannotReplay, match="5 bytes"):
            next(chunks)


def test_a_body_edited_by_hand_has_its_length_mended() -> None:
    part = BodyPart(text="mended by hand", size=5)
    with replaying(cassette(exchange(ASKED, headers=["Content-Length: 5"], body=part))):
        response = httpx.get(URL)
    assert (response.text, response.headers["content-length"]) == ("mended by hand", "14")


def test_the_connection_below_carries_nothing() -> None:
    told = {"server_addr": ["10.0.0.1", 443], "tls": True}
    with (
        replaying(cassette(exchange(ASKED, "x", extensions=told))),
        httpx.stream("GET", URL) as response,
    ):
        wire = response.extensions["network_stream"]
        assert wire.get_extra_info("server_addr") == ("10.0.0.1", 443)
        for use in (lambda: wire.read(1), lambda: wire.get_extra_info("ssl_object")):
            with pytest.raises(CannotReplay):
                use()
