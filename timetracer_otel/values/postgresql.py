"""Types of asyncpg, psycopg and psycopg2 other than their ranges."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from timetracer_otel.values.kinds import (
    Branch,
    Copy,
    Decode,
    Encode,
    Foreign,
    JsonValue,
    Leaf,
    array_of,
    fields_of,
    text_of,
)
from timetracer_otel.values.ranges import RANGES

__all__ = ["POSTGRESQL", "asyncpg_record"]


def _geometry(name: str) -> Foreign:
    return Foreign(("asyncpg.pgproto.types",), name, "asyncpg")


def _load_point(kind: Any, payload: JsonValue, decode: Decode) -> object:
    return kind(*map(decode, array_of(payload, 2)))


def _dump_numbers(value: Any, encode: Encode) -> JsonValue:
    return [encode(number) for number in value]


def _load_line(kind: Any, payload: JsonValue, decode: Decode) -> object:
    return kind(*map(decode, array_of(payload, 3)))


def _dump_points(value: Any, encode: Encode) -> JsonValue:
    return [[encode(number) for number in point] for point in value]


def _points(payload: JsonValue, decode: Decode, length: int | None = None) -> list[list[Any]]:
    return [[decode(n) for n in array_of(point, 2)] for point in array_of(payload, length)]


def _load_corners(kind: Any, payload: JsonValue, decode: Decode) -> object:
    return kind(*_points(payload, decode, 2))


def _load_polygon(kind: Any, payload: JsonValue, decode: Decode) -> object:
    return kind(*_points(payload, decode))


def _dump_path(value: Any, encode: Encode) -> JsonValue:
    return {"points": _dump_points(value, encode), "closed": bool(value.is_closed)}


def _load_path(kind: Any, payload: JsonValue, decode: Decode) -> object:
    fields = fields_of(payload, "points", "closed")
    return kind(*_points(fields["points"], decode), is_closed=fields["closed"] is True)


def _dump_circle(value: Any, encode: Encode) -> JsonValue:
    return {"center": encode(value.center), "radius": encode(value.radius)}


def _load_circle(kind: Any, payload: JsonValue, decode: Decode) -> object:
    fields = fields_of(payload, "center", "radius")
    return kind(decode(fields["center"]), decode(fields["radius"]))


def _dump_bits(value: Any) -> JsonValue:
    length = len(value)
    number = int.from_bytes(value.bytes, "big") >> (-length % 8)
    return f"{number:0{length}b}" if length else ""


def _load_bits(kind: Any, payload: JsonValue) -> object:
    text = text_of(payload)
    if text.strip("01"):
        raise ValueError("bits are 0 and 1")
    size = (len(text) + 7) // 8
    number = int(text or "0", 2) << (-len(text) % 8)
    return kind.frombytes(number.to_bytes(size, "big"), len(text))


def _from_text(kind: Any, payload: JsonValue) -> object:
    return kind(text_of(payload))


class _Columns(dict[str, int]):
    """Where a record finds a column by name; iterates over all the names, the same ones too."""

    def __init__(self, names: list[str]) -> None:
        super().__init__((name, place) for place, name in enumerate(names))
        self.names = names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)


def _dump_record(value: Any, encode: Encode) -> JsonValue:
    values = [encode(item) for item in value.values()]
    return {"columns": [encode(name) for name in list(value.keys())], "values": values}


def _load_record(_kind: type, payload: JsonValue, decode: Decode) -> object:
    fields = fields_of(payload, "columns", "values")
    names = [text_of(decode(name)) for name in array_of(fields["columns"])]
    return asyncpg_record(names, tuple(map(decode, array_of(fields["values"], len(names)))))


def asyncpg_record(names: list[str], values: tuple[object, ...]) -> object:
    """A record of asyncpg's own class. A name may come twice, as in a query's answer."""
    # asyncpg has no public way to make a Record; 0.22 to 0.32 have this one.
    protocol: Any = importlib.import_module("asyncpg.protocol.protocol")
    return protocol._create_record(_Columns(names), values)


def _copy_record(value: Any, copy: Copy) -> object:
    values = tuple(map(copy, value.values()))
    if all(one is other for one, other in zip(values, value.values(), strict=True)):
        return value
    return asyncpg_record(list(value.keys()), values)


def _bare_number(value: Any, encode: Encode) -> JsonValue:
    return encode(float.__pos__(value) if isinstance(value, float) else int.__pos__(value))


def _load_number(kind: Any, payload: JsonValue, decode: Decode) -> object:
    number = decode(payload)
    if type(number) is not (float if issubclass(kind, float) else int):
        raise TypeError("a number was expected")
    return kind(number)


def _number(name: str) -> Branch:
    of = Foreign(("psycopg.types.numeric",), name, "psycopg")
    return Branch(f"$psycopg.{name}", f"psycopg {name} wrapper", of, _bare_number, _load_number)


def _wrapper(module: str, name: str, attribute: str, distribution: str) -> Branch:
    """A class around one value, which is its first argument and its attribute `attribute`.

    A `dumps` given to a JSON wrapper is code, and is not recorded.
    """

    def dump(value: Any, encode: Encode) -> JsonValue:
        return encode(getattr(value, attribute))

    def load(kind: Any, payload: JsonValue, decode: Decode) -> object:
        return kind(decode(payload))

    def copy(value: Any, copy: Copy) -> object:
        return type(value)(copy(getattr(value, attribute)))

    driver = module.partition(".")[0]
    of = Foreign((module,), name, distribution)
    return Branch(f"${driver}.{name}", f"{driver} {name} wrapper", of, dump, load, copy)


_ASYNCPG: tuple[Leaf | Branch, ...] = (
    Leaf(
        "$asyncpg.UUID",
        "asyncpg's own subclass of uuid.UUID",
        Foreign(("asyncpg.pgproto.pgproto",), "UUID", "asyncpg"),
        str,
        _from_text,
    ),
    Leaf(
        "$asyncpg.BitString",
        "asyncpg BitString: 0 and 1",
        _geometry("BitString"),
        _dump_bits,
        _load_bits,
    ),
    Branch(
        "$asyncpg.Point",
        "asyncpg Point: [x, y]",
        _geometry("Point"),
        _dump_numbers,
        _load_point,
    ),
    Branch(
        "$asyncpg.Line",
        "asyncpg Line: [A, B, C]",
        _geometry("Line"),
        _dump_numbers,
        _load_line,
    ),
    Branch(
        "$asyncpg.Box",
        "asyncpg Box: [high, low]",
        _geometry("Box"),
        _dump_points,
        _load_corners,
    ),
    Branch(
        "$asyncpg.LineSegment",
        "asyncpg LineSegment: two points",
        _geometry("LineSegment"),
        _dump_points,
        _load_corners,
    ),
    Branch(
        "$asyncpg.Polygon",
        "asyncpg Polygon: its points",
        _geometry("Polygon"),
        _dump_points,
        _load_polygon,
    ),
    Branch(
        "$asyncpg.Path",
        "asyncpg Path: points, closed",
        _geometry("Path"),
        _dump_path,
        _load_path,
    ),
    Branch(
        "$asyncpg.Circle",
        "asyncpg Circle: center and radius",
        _geometry("Circle"),
        _dump_circle,
        _load_circle,
    ),
    Branch(
        "$asyncpg.Record",
        "asyncpg Record: columns (a name may come twice) and values",
        # 0.29 and earlier say `asyncpg.Record`.
        Foreign(("asyncpg.protocol.record", "asyncpg"), "Record", "asyncpg"),
        _dump_record,
        _load_record,
        _copy_record,
    ),
)

_NUMBERS = ("Int2", "Int4", "Int8", "IntNumeric", "Oid", "Float4", "Float8")

POSTGRESQL: tuple[Leaf | Branch, ...] = (
    *_ASYNCPG,
    *RANGES,
    *map(_number, _NUMBERS),
    _wrapper("psycopg.types.json", "Json", "obj", "psycopg"),
    _wrapper("psycopg.types.json", "Jsonb", "obj", "psycopg"),
    _wrapper("psycopg2._json", "Json", "adapted", "psycopg2-binary"),
    _wrapper("psycopg2.extras", "Inet", "addr", "psycopg2-binary"),
    _wrapper("psycopg2.extensions", "Binary", "adapted", "psycopg2-binary"),
)
