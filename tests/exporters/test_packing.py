"""What is packed for another process makes the same cassette there, to the byte."""

from __future__ import annotations

import datetime as dt
import decimal
import pickle
import uuid
from typing import Any

import pytest

from timetracer_otel.cassette import write_cassette
from timetracer_otel.gathered import Gathered, Noted, cassette_of
from timetracer_otel.interaction.body import Body
from timetracer_otel.interaction.failures import Failure
from timetracer_otel.packing import NotPlain, pack, unpack
from timetracer_otel.protocols.http1 import HeadersToCome
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.protocols.memcached import MemcachedRequestRef, MemcachedResponseRef
from timetracer_otel.protocols.redis import RedisRequestRef, RedisResponseRef
from timetracer_otel.protocols.smtp import SmtpRequestRef, SmtpResponseRef
from timetracer_otel.protocols.sql import SqlRequestRef, SqlResponseRef


class Url:
    def __str__(self) -> str:
        return "http://shop/items"


def noted(protocol: str, request: object, response: object) -> Noted:
    return Noted(
        protocol, "a library", "load#1", 7, 0, 1_005_000, 9_000, request, response, None, ""
    )


def gathered(*interactions: Noted) -> Gathered:
    entry = HttpRequestRef("GET", Url(), [(b"host", b"shop")], Body.of(b""))
    answer = HttpResponseRef(200, HeadersToCome(b"HTTP/1.1 200\r\nA: b"), Body.of(b'{"a": 1}'))
    return Gathered(
        trace_id=1,
        root_span_id=2,
        started_mono_ns=1_000_000,
        started_wall_ns=1_700_000_000_000_000_000,
        duration_us=12,
        resource=[{"service.name": "shop"}],
        hash_seed=7,
        entry=noted("http", entry, answer),
        answers=[],
        interactions=list(interactions),
        draws={("uuid.uuid4", "", ""): [uuid.UUID(int=5), b"\xff", 0.5]},
        clock={("time", "shop:load", ""): [1_700_000_000_000_000_500]},
        dropped=[("body", "too long", 1)],
    )


CELLS: list[Any] = [
    (None, True, 2**80, -0.0, "\udc80 é", b"\x00", decimal.Decimal("1.20")),
    (
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        dt.date(2026, 1, 2),
        dt.timedelta(1),
        uuid.UUID(int=9),
    ),
    {"a": [1, (2, 3)], "b": frozenset({1})},
    (bytearray(b"ab"),),
]


def test_it_makes_the_same_cassette() -> None:
    parts = gathered(
        noted(
            "sql",
            SqlRequestRef("execute", "sqlite", "pysqlite", "SELECT ?", (1, "a")),
            SqlResponseRef([("a", None, None, None, None, None, None)], CELLS[1:]),
        ),
        noted("redis", RedisRequestRef((b"*1\r\n$4\r\nPING\r\n",)), RedisResponseRef([b"PONG"])),
        noted("memcached", MemcachedRequestRef(b"get a\r\n"), MemcachedResponseRef([b"END\r\n"])),
        noted("smtp", SmtpRequestRef("send", b"NOOP\r\n"), SmtpResponseRef([b"250 OK\r\n"])),
    )
    assert write_cassette(cassette_of(unpack(pack(parts)))) == write_cassette(cassette_of(parts))


@pytest.mark.parametrize("cell", CELLS, ids=["plain", "moments", "nested", "buffer"])
def test_values_keep_their_exact_types(cell: object) -> None:
    ref = SqlRequestRef("execute", "sqlite", "pysqlite", "SELECT ?", cell)
    request: Any = unpack(pack(gathered(noted("sql", ref, None)))).interactions[0].request
    assert repr(request.parameters) == repr(cell)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "strange", [Text("a"), object(), memoryview(b"a"), Url, len, print, Failure.of(ValueError())]
)
def test_what_is_not_plain_is_not_packed(strange: object) -> None:
    ref = SqlRequestRef("execute", "sqlite", "pysqlite", "SELECT ?", [strange])
    with pytest.raises(NotPlain):
        pack(gathered(noted("sql", ref, None)))


def test_a_body_that_was_cut_is_not_packed() -> None:
    body = Body(None, 1)
    body.feed(b"more")
    ref = HttpRequestRef("POST", "http://shop/", [], body)
    with pytest.raises(NotPlain):
        pack(gathered(noted("http", ref, None)))


def test_nothing_but_our_own_classes_can_be_named() -> None:
    with pytest.raises(KeyError):
        unpack(pickle.dumps(print))
