"""What a client of any make gets from one recording, and what it does not get."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio
import redis.connection

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import MissingRecording
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.patching import Ledger
from timetracer_otel.protocols.redis import RedisInteraction, RedisRequest, RedisResponse
from timetracer_otel.replay.libraries.redis import LIBRARY
from timetracer_otel.replay.sessions import Session, Sessions, answering_from

GONE = "rediss://me:secret@gone.invalid:6379/5"


def call(*command: Any, reply: Any = None, error: RecordedError | None = None) -> RedisInteraction:
    return RedisInteraction(
        id=1,
        library="redis",
        title=" ".join(map(str, command)),
        start_us=0,
        request=RedisRequest(commands=[list(command)]),
        response=None if error is not None else RedisResponse(replies=[reply]),
        error=error,
    )


@pytest.fixture
def session() -> Iterator[Session]:
    """Answers to a few commands, and clients that ask for them."""
    cassette = Cassette(
        timetracer=1,
        trace_id="0" * 32,
        recorded_at="2026-01-02T03:04:05.000000006Z",
        duration_us=1,
        bootstrap=[
            call("GET", "a", reply="é"),
            call("HGETALL", "h", reply={"f": "1"}),
            call("GET", "bytes", reply={"$bytes": {"base64": "/w=="}}),
            call("GET", "typed", reply={"$error": "WRONGTYPE Operation"}),
            call(
                "GET",
                "cut",
                error=RecordedError(
                    type="ConnectionError",
                    module="redis.exceptions",
                    args=["Connection closed by server."],
                    stage="read",
                ),
            ),
        ],
    )
    ledger = Ledger()
    ledger.apply(LIBRARY.changes)
    try:
        with answering_from(Sessions(Session(cassette, "a.json"))) as sessions:
            yield sessions.outside
    finally:
        ledger.restore()


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(("decode", "expected"), [(True, "é"), (False, "é".encode())])
def test_a_recording_of_resp_3_answers_clients_of_any_protocol_and_decoding(
    session: Session, protocol: int, *, decode: bool, expected: object
) -> None:
    with redis.Redis.from_url(GONE, protocol=protocol, decode_responses=decode) as client:
        assert client.get("a") == expected
        assert client.hgetall("h") == ({"f": "1"} if decode else {b"f": b"1"})


def test_bytes_that_are_no_text_come_back_as_they_were(session: Session) -> None:
    with redis.Redis.from_url(GONE) as client:
        assert client.get("bytes") == b"\xff"


def test_a_recording_of_one_client_answers_the_other(session: Session) -> None:
    async def main() -> Any:
        async with redis.asyncio.from_url(GONE) as client:
            return await client.get("a")

    assert asyncio.run(main()) == "é".encode()


def test_a_call_that_is_not_recorded_is_loud_and_the_connection_goes_on(session: Session) -> None:
    with redis.Redis.from_url(GONE) as client:
        with pytest.raises(MissingRecording, match="GET b"):
            client.get("b")
        assert client.get("a") == "é".encode()
    assert [miss.asked for miss in session.outcome.misses] == ["GET b"]


def test_a_pipeline_is_answered_as_a_whole_or_not_at_all(session: Session) -> None:
    with redis.Redis.from_url(GONE) as client:
        pipe = client.pipeline(transaction=False)
        pipe.get("a")
        pipe.get("a")
        with pytest.raises(MissingRecording, match="PIPELINE GET a; GET a"):
            pipe.execute()


def test_errors_of_the_server_and_of_the_network_are_raised_by_the_client(
    session: Session,
) -> None:
    with redis.Redis.from_url(GONE, retry=None) as client:
        with pytest.raises(redis.ResponseError, match=r"^WRONGTYPE Operation$"):
            client.get("typed")
        with pytest.raises(redis.ConnectionError, match="Connection closed"):
            client.get("cut")


def test_setting_up_needs_no_recording_and_is_not_named(session: Session) -> None:
    with redis.Redis.from_url(GONE, client_name="shop", health_check_interval=1) as client:
        client.get("a")
    assert session.outcome.misses == session.outcome.assumed == []


def test_restoring_leaves_the_very_methods() -> None:
    before = vars(redis.connection.AbstractConnection).copy()
    ledger = Ledger()
    ledger.apply(LIBRARY.changes)
    ledger.restore()
    after = vars(redis.connection.AbstractConnection)
    assert all(after[name] is value for name, value in before.items())
