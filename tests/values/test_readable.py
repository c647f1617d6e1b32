"""What a person finds in a cassette: the written form of each type, once."""

from __future__ import annotations

import enum
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from http import HTTPStatus
from ipaddress import ip_address
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from timetracer_otel.errors import OpaqueValueError, ValueDecodingError
from timetracer_otel.values import TAGS, JsonValue, decode, encode

WRITTEN: list[tuple[object, JsonValue]] = [
    (None, None),
    (True, True),
    (2**53, 2**53),
    (2**53 + 1, {"$int": "9007199254740993"}),
    (1.5, 1.5),
    (float("-inf"), {"$float": "-inf"}),
    ("é", "é"),
    ("é\\\udc80", {"$str": "é\\\\\\udc80"}),
    (["a", 1], ["a", 1]),
    ({"a": {"b": None}}, {"a": {"b": None}}),
    ({1: "x"}, {"$map": [[1, "x"]]}),
    ({"$set": {"a": 1}}, {"$map": [["$set", {"a": 1}]]}),
    (Decimal("1.20"), {"$decimal": "1.20"}),
    (UUID(int=7), {"$uuid": "00000000-0000-0000-0000-000000000007"}),
    (1 + 2j, {"$complex": "(1+2j)"}),
    (range(3), {"$range": [0, 3, 1]}),
    (b"caf\xc3\xa9\n", {"$bytes": "café\n"}),
    (b"\xff\x00", {"$bytes": {"base64": "/wA="}}),
    (b"\x00", {"$bytes": {"base64": "AA=="}}),
    (bytearray(b"x"), {"$bytearray": "x"}),
    (memoryview(b"x"), {"$memoryview": "x"}),
    (array("i", [1]), {"$array": {"typecode": "i", "values": [1]}}),
    (datetime(2026, 1, 2, 3, 4, 5, 6), {"$datetime": "2026-01-02T03:04:05.000006"}),
    (
        datetime(2026, 1, 2, tzinfo=UTC),
        {"$datetime": "2026-01-02T00:00:00+00:00"},
    ),
    (
        datetime(2026, 10, 25, 2, fold=1, tzinfo=ZoneInfo("Europe/Paris")),
        {
            "$datetime": {
                "iso": "2026-10-25T02:00:00+01:00",
                "fold": 1,
                "zone": "Europe/Paris",
            }
        },
    ),
    (date(2026, 1, 2), {"$date": "2026-01-02"}),
    (time(1, 2), {"$time": "01:02:00"}),
    (timedelta(0), {"$timedelta": "PT0S"}),
    (timedelta(days=-1, hours=-2, microseconds=-5), {"$timedelta": "-P1DT2H0.000005S"}),
    ((1, (2,)), {"$tuple": [1, {"$tuple": [2]}]}),
    ({2, 1}, {"$set": [1, 2]}),
    (frozenset("a"), {"$frozenset": ["a"]}),
    (OrderedDict(a=1), {"$ordereddict": [["a", 1]]}),
    (deque([1]), {"$deque": {"values": [1], "maxlen": None}}),
    (ip_address("::1"), {"$ipv6address": "::1"}),
]


@pytest.mark.parametrize(("value", "written"), WRITTEN, ids=lambda value: type(value).__name__)
def test_each_type_has_one_written_form(value: object, written: JsonValue) -> None:
    assert encode(value) == written


class Colour(enum.Enum):
    RED = "r"


class Level(enum.StrEnum):
    HIGH = "high"


class Title(str):
    """A str of the application's own, which lies about itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "lie"


class Tenths(int):
    def __int__(self) -> int:
        return 0


class Money(Decimal):
    pass


class Point(NamedTuple):
    x: int
    y: str


DEGRADED: list[tuple[object, str, object]] = [
    (Title("truth"), "Title", "truth"),
    (Tenths(12), "Tenths", 12),
    (Money("1.5"), "Money", Decimal("1.5")),
    (Level.HIGH, "Level", "high"),
    (defaultdict(list, {"a": [1]}), "defaultdict", {"a": [1]}),
    (Counter("aab"), "Counter", {"a": 2, "b": 1}),
    (HTTPStatus.OK, "HTTPStatus", 200),
]


@pytest.mark.parametrize(("value", "name", "base"), DEGRADED, ids=str)
def test_a_subclass_is_named_and_comes_back_as_its_base(
    value: object, name: str, base: object
) -> None:
    written = encode(value)
    assert isinstance(written, dict)
    subclass = written["$subclass"]
    assert isinstance(subclass, dict)
    assert str(subclass["type"]).endswith(f".{name}")
    found = decode(written)
    assert (found, type(found)) == (base, type(base))


def test_a_named_tuple_comes_back_with_its_fields() -> None:
    found: object = decode(encode(Point(1, Title("a"))))
    assert repr(found) == "Point(x=1, y='a')"
    assert (found, type(found).__module__) == ((1, "a"), __name__)


def test_fields_that_name_nothing_are_refused() -> None:
    payload = {"type": "a.B", "fields": ["x", "class"], "value": {"$tuple": [1, 2]}}
    with pytest.raises(ValueDecodingError):
        decode({"$subclass": payload})


def test_an_enum_member_shows_its_value_and_does_not_come_back_as_something_else() -> None:
    written = encode(Colour.RED)
    name = f"{__name__}.Colour"
    assert written == {"$enum": {"type": name, "name": "RED", "value": "r"}}
    with pytest.raises(OpaqueValueError, match="RED") as caught:
        decode(written)
    assert caught.value.type_name == name


class Session:
    def __repr__(self) -> str:
        return f"<Session 7 at {id(self):#x}>"


def test_an_unknown_object_shows_its_type_and_look_without_its_address() -> None:
    written = encode([Session()])
    assert written == [{"$opaque": {"type": f"{__name__}.Session", "repr": "<Session 7>"}}]
    with pytest.raises(OpaqueValueError, match="Session 7") as caught:
        decode(written)
    assert caught.value.text == "<Session 7>"


class Elsewhere(tzinfo):
    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=1)

    def tzname(self, moment: datetime | None) -> str:
        return "ELSE"

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(0)


def test_an_unknown_tzinfo_is_named_and_becomes_a_fixed_offset() -> None:
    value = datetime(2026, 1, 1, tzinfo=Elsewhere())
    assert encode(value) == {
        "$datetime": {
            "iso": "2026-01-01T00:00:00+01:00",
            "name": "ELSE",
            "tzinfo": f"{__name__}.Elsewhere",
        }
    }
    found = decode(encode(value))
    assert isinstance(found, datetime)
    assert (found, found.tzname(), type(found.tzinfo)) == (value, "ELSE", timezone)


def test_every_tag_has_one_line_for_people() -> None:
    assert all(tag[0] == "$" and line and "\n" not in line for tag, line in TAGS.items())
    used = {tag for _, form in WRITTEN if isinstance(form, dict) for tag in form if tag[0] == "$"}
    assert used <= TAGS.keys()
