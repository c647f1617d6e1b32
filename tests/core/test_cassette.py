"""A cassette is written for people and read with suspicion."""

from __future__ import annotations

import json

import jsonschema
import pytest

from timetracer_otel.cassette import (
    MAX_CASSETTE_BYTES,
    Cassette,
    ClockReads,
    json_schema,
    read_cassette,
    write_cassette,
)
from timetracer_otel.errors import InvalidCassette, UnsupportedVersion
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequest, HttpResponse
from timetracer_otel.protocols.sql import SqlInteraction, SqlRequest, SqlResponse


def a_cassette() -> Cassette:
    return Cassette(
        timetracer=1,
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        recorded_at="2026-01-02T03:04:05.000000006Z",
        duration_us=1500,
        entry=HttpInteraction(
            id=0,
            library="asgi",
            title="GET http://shop/items",
            start_us=0,
            request=HttpRequest(method="GET", url="http://shop/items", headers=["Host: shop"]),
            response=HttpResponse(status=200),
        ),
        interactions=[
            SqlInteraction(
                id=1,
                library="sqlalchemy",
                title="SELECT 1",
                start_us=10,
                request=SqlRequest(operation="execute", system="sqlite", statement="SELECT 1"),
                response=SqlResponse(columns=[["a"], ["b"]], rows=[[1, "x"], [2, "y"]]),
            )
        ],
        clock=[ClockReads(clock="time", site="shop:now", offsets_ns=[1, 2])],
    )


def test_what_is_written_is_read_again() -> None:
    assert read_cassette(write_cassette(a_cassette()), file="a.json") == a_cassette()


def test_rows_stand_one_on_a_line() -> None:
    text = write_cassette(a_cassette()).decode()
    assert '          [1,"x"],\n          [2,"y"]\n' in text


def test_the_same_cassette_gives_the_same_bytes() -> None:
    assert write_cassette(a_cassette()) == write_cassette(a_cassette())


def test_the_schema_accepts_what_is_written() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(json.loads(write_cassette(a_cassette())), json_schema())


def broken(**changes: object) -> bytes:
    return json.dumps({**json.loads(write_cassette(a_cassette())), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (write_cassette(a_cassette())[:200], "$"),
        (b"", "$"),
        (b"[]", "$"),
        (b"\xff\xfe", "$"),
        (b"[" * 100_000, "$"),
        (broken(timetracer="1"), "$.timetracer"),
        (broken(timetracer=0), "$.timetracer"),
        (broken(timetracer=True), "$.timetracer"),
        (broken(duration_us="long"), "$.duration_us"),
        (broken(interactions=[{"protocol": "http", "id": 1}]), "$.interactions[0]"),
        (broken(interactions=[{"protocol": "telepathy"}]), "$.interactions[0].protocol"),
        (broken(__class__="os.system"), "$"),
        (broken(entry={"protocol": "http", "__proto__": {}}), "$.entry"),
    ],
)
def test_a_bad_file_is_refused_with_its_json_path(data: bytes, path: str) -> None:
    with pytest.raises(InvalidCassette) as caught:
        read_cassette(data, file="bad.json")
    assert caught.value.file == "bad.json"
    assert caught.value.path == path
    assert caught.value.reason


def test_a_later_format_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedVersion, match="upgrade"):
        read_cassette(broken(timetracer=2), file="new.json")


def test_a_file_beyond_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(InvalidCassette, match="bytes"):
        read_cassette(b" " * (MAX_CASSETTE_BYTES + 1), file="huge.json")


def test_an_interaction_cannot_have_both_outcomes() -> None:
    document = json.loads(write_cassette(a_cassette()))
    document["interactions"][0]["error"] = {"type": "E", "module": "m"}
    with pytest.raises(InvalidCassette) as caught:
        read_cassette(json.dumps(document).encode(), file="both.json")
    assert caught.value.path == "$.interactions[0]"
