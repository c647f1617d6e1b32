"""What is recorded of a reply is what a parser makes of the bytes that a replay sends for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from redis._parsers.encoders import Encoder
from redis._parsers.resp2 import _RESP2Parser
from redis._parsers.resp3 import _RESP3Parser

from timetracer_otel.protocols.redis_commands import comparable, nature_of, without_secrets
from timetracer_otel.protocols.redis_subscriptions import Subscriptions
from timetracer_otel.protocols.resp import (
    commands_in,
    error_line,
    keep_reply,
    readable_reply,
    wire_reply,
)

REPLIES = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)
REPLIES_3 = st.recursive(
    REPLIES | st.booleans() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


class _Wire:
    """A socket with everything in it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def recv(self, size: int) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


def parsed(data: bytes, kind: Any, *, decode: bool = False) -> Any:
    parser = kind(socket_read_size=65536)
    encoder = Encoder("utf-8", "strict", decode)
    parser.on_connect(SimpleNamespace(_sock=_Wire(data), socket_timeout=None, encoder=encoder))
    return parser.read_response()


def again(reply: Any, *, resp3: bool) -> Any:
    kept, _ = keep_reply(reply)
    data = wire_reply(readable_reply(kept), resp3=resp3)
    return parsed(data, _RESP3Parser if resp3 else _RESP2Parser)


@given(REPLIES)
def test_replies_of_resp_2_come_back(reply: Any) -> None:
    assert again(reply, resp3=False) == reply


@given(REPLIES_3)
def test_replies_of_resp_3_come_back_type_by_type(reply: Any) -> None:
    assert repr(again(reply, resp3=True)) == repr(reply)


@pytest.mark.parametrize("resp3", [False, True])
@pytest.mark.parametrize(
    "line",
    [
        "ERR unknown command 'X'",
        "ERR max number of clients reached",
        "ERR invalid password",
        "WRONGTYPE Operation against a key",
        "MOVED 3999 127.0.0.1:6381",
        "ASK 3999 127.0.0.1:6381",
        "CLUSTERDOWN Hash slot not served",
        "NOSCRIPT No matching script",
        "WRONGPASS invalid",
        "NOAUTH Authentication required.",
        "LOADING Redis is loading",
        "READONLY You can't write",
        "NOPERM this user",
        "OOM command not allowed",
        "EXECABORT Transaction discarded",
        "BUSY Redis is busy",
        "UNKILLABLE",
        "ERR",
        "no code at all",
    ],
)
def test_errors_come_back_with_their_class_and_everything_they_carry(
    line: str, *, resp3: bool
) -> None:
    kind = _RESP3Parser if resp3 else _RESP2Parser
    first = _raised_or_returned(f"-{line}\r\n".encode(), kind)
    told = error_line(first)
    assert told is not None
    second = _raised_or_returned(wire_reply({"$error": told}, resp3=resp3), kind)
    assert type(second) is type(first)
    assert (second.args, vars(second)) == (first.args, vars(first))


def _raised_or_returned(data: bytes, kind: Any) -> BaseException:
    try:
        found = parsed(data, kind)
    except redis.ConnectionError as error:
        return error
    assert isinstance(found, BaseException)
    return found


@pytest.mark.parametrize(
    "error",
    [redis.ConnectionError("Connection closed by server."), redis.TimeoutError("x"), OSError(5)],
)
def test_what_the_network_did_is_no_reply(error: BaseException) -> None:
    assert error_line(error) is None


@given(st.lists(st.lists(st.binary(max_size=30), min_size=1, max_size=4), min_size=1, max_size=5))
def test_commands_are_told_apart_whatever_is_in_them(commands: list[list[bytes]]) -> None:
    data = b"".join(
        b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in command)
        for command in commands
    )
    assert commands_in(data) == commands


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["SET", "*3\r\n", "x\r\n*1\r\n$4\r\nPING"], (1, False)),
        (["CLUSTER", "SLOTS"], (1, True)),
        (["CLUSTER", "KEYSLOT", "a"], (1, False)),
        (["readonly"], (1, True)),
        (["subscribe", "a", "b"], (0, False)),
    ],
)
def test_how_many_replies_come_and_who_asks(command: list[str], expected: tuple[int, bool]) -> None:
    chunks = tuple(redis.Connection().pack_command(*command))
    assert nature_of(chunks, subscribed=False) == expected


def test_passwords_are_not_kept() -> None:
    assert without_secrets([b"AUTH", b"me", b"secret"]) == [b"AUTH", b"me", b"***"]
    assert without_secrets([b"auth", b"secret"]) == [b"auth", b"***"]
    greeting = [b"HELLO", b"3", b"AUTH", b"me", b"secret", b"SETNAME", b"x"]
    assert without_secrets(greeting) == [*greeting[:4], b"***", b"SETNAME", b"x"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["SADD", "s", "a", "b"], ["sadd", "s", "b", "a"], True),
        (["SADD", "a", "s", "b"], ["SADD", "s", "a", "b"], False),
        (["HSET", "h", "a", "1", "b", "2"], ["HSET", "h", "b", "2", "a", "1"], True),
        (["HSET", "h", "a", "1", "b", "2"], ["HSET", "h", "a", "2", "b", "1"], False),
        (["HSET", "h", "a", "1", "a", "2"], ["HSET", "h", "a", "2", "a", "1"], False),
        (["MGET", "a", "b"], ["MGET", "b", "a"], False),
        (["RPUSH", "l", "a", "b"], ["RPUSH", "l", "b", "a"], False),
        (["CLIENT", "SETINFO", "LIB-VER", "1"], ["CLIENT", "SETINFO", "LIB-VER", "2"], True),
        (["CLIENT", "SETNAME", "a"], ["CLIENT", "SETNAME", "b"], False),
        (["SELECT", "1"], ["SELECT", "2"], False),
    ],
)
def test_order_counts_where_it_means_something(
    one: list[str], other: list[str], *, same: bool
) -> None:
    assert (comparable(one) == comparable(other)) is same


def test_subscriptions_are_confirmed_as_a_server_does() -> None:
    mine = Subscriptions()
    assert mine.note([b"SUBSCRIBE", b"a", b"b"]) == [
        (b"subscribe", b"a", 1),
        (b"subscribe", b"b", 2),
    ]
    assert mine.note([b"psubscribe", b"p*"]) == [(b"psubscribe", b"p*", 3)]
    assert mine.note([b"UNSUBSCRIBE"]) == [(b"unsubscribe", b"a", 2), (b"unsubscribe", b"b", 1)]
    assert mine.note([b"UNSUBSCRIBE"]) == [(b"unsubscribe", None, 1)]
    assert commands_in(b"".join(mine.chunks())) == [[b"PSUBSCRIBE", b"p*"]]
