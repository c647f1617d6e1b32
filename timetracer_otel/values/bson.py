"""BSON types, as PyMongo and Motor give them."""

from __future__ import annotations

from re import RegexFlag
from typing import Any

from timetracer_otel.values.buffers import dump_bytes, load_bytes
from timetracer_otel.values.containers import dump_pairs, load_pairs
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

__all__ = ["BSON"]


def _of(module: str, name: str) -> Foreign:
    # `pip install bson` gives another package, which has a `bson.objectid` and no decimals.
    return Foreign((f"bson.{module}",), name, "pymongo", evidence="bson.decimal128")


def _from_text(kind: Any, payload: JsonValue) -> object:
    return kind(text_of(payload))


def _dump_decimal(value: Any) -> JsonValue:
    text = str(value)
    # The text of a NaN leaves out its sign and payload.
    return {"bid": dump_bytes(value.bid)} if "NaN" in text else text


def _load_decimal(kind: Any, payload: JsonValue) -> object:
    if type(payload) is str:
        return kind(payload)
    return kind.from_bid(load_bytes(fields_of(payload, "bid")["bid"]))


def _singleton(kind: Any, payload: JsonValue) -> object:
    if payload is not True:
        raise ValueError("its payload is `true`")
    return kind()


def _dump_int64(value: int, encode: Encode) -> JsonValue:
    return encode(int.__pos__(value))


def _load_integer(kind: Any, payload: JsonValue, decode: Decode) -> object:
    number = decode(payload)
    if type(number) is not int:
        raise TypeError("an integer was expected")
    return kind(number)


def _dump_binary(value: Any) -> JsonValue:
    return {"subtype": value.subtype, "bytes": dump_bytes(memoryview(value))}


def _load_binary(kind: Any, payload: JsonValue) -> object:
    fields = fields_of(payload, "subtype", "bytes")
    return kind(load_bytes(fields["bytes"]), fields["subtype"])


def _dump_regex(value: Any, encode: Encode) -> JsonValue:
    return {"pattern": encode(value.pattern), "flags": encode(int(value.flags))}


def _load_regex(kind: Any, payload: JsonValue, decode: Decode) -> object:
    fields = fields_of(payload, "pattern", "flags")
    flags = decode(fields["flags"])
    # As PyMongo reads it off the wire.
    return kind(decode(fields["pattern"]), RegexFlag(flags) if flags else 0)


def _load_timestamp(kind: Any, payload: JsonValue) -> object:
    time, increment = array_of(payload, 2)
    return kind(time, increment)


def _dump_code(value: Any, encode: Encode) -> JsonValue:
    return {"code": encode(str.__str__(value)), "scope": encode(value.scope)}


def _load_code(kind: Any, payload: JsonValue, decode: Decode) -> object:
    fields = fields_of(payload, "code", "scope")
    return kind(decode(fields["code"]), decode(fields["scope"]))


def _dump_dbref(value: Any, encode: Encode) -> JsonValue:
    extra = {k: v for k, v in value.as_doc().items() if k not in ("$ref", "$id", "$db")}
    return {
        "collection": encode(value.collection),
        "id": encode(value.id),
        "database": encode(value.database),
        "extra": dump_pairs(extra.items(), encode),
    }


def _load_dbref(kind: Any, payload: JsonValue, decode: Decode) -> object:
    fields = fields_of(payload, "collection", "id", "database", "extra")
    extra = dict(load_pairs(fields["extra"], decode))
    parts = (decode(fields[name]) for name in ("collection", "id", "database"))
    return kind(*parts, _extra=extra)


def _dump_son(value: Any, encode: Encode) -> JsonValue:
    return dump_pairs([(key, value[key]) for key in list(value)], encode)


def _load_son(kind: Any, payload: JsonValue, decode: Decode) -> object:
    return kind(load_pairs(payload, decode))


def _copy_son(value: Any, copy: Copy) -> object:
    return type(value)([(key, copy(value[key])) for key in list(value)])


BSON: tuple[Leaf | Branch, ...] = (
    Leaf(
        "$bson.ObjectId",
        "bson ObjectId, 24 hex digits",
        _of("objectid", "ObjectId"),
        str,
        _from_text,
    ),
    Leaf(
        "$bson.Decimal128",
        "bson Decimal128: digits and exponent kept; the 16 bytes of a NaN",
        _of("decimal128", "Decimal128"),
        _dump_decimal,
        _load_decimal,
    ),
    Branch("$bson.Int64", "bson Int64", _of("int64", "Int64"), _dump_int64, _load_integer),
    Leaf(
        "$bson.Binary",
        "bson Binary: subtype, and bytes as $bytes",
        _of("binary", "Binary"),
        _dump_binary,
        _load_binary,
    ),
    Branch(
        "$bson.Regex",
        "bson Regex: pattern and flags, never compiled",
        _of("regex", "Regex"),
        _dump_regex,
        _load_regex,
    ),
    Leaf(
        "$bson.Timestamp",
        "bson Timestamp: [seconds, increment]",
        _of("timestamp", "Timestamp"),
        lambda value: [value.time, value.inc],
        _load_timestamp,
    ),
    Leaf(
        "$bson.MinKey",
        "bson MinKey",
        _of("min_key", "MinKey"),
        lambda _: True,
        _singleton,
    ),
    Leaf(
        "$bson.MaxKey",
        "bson MaxKey",
        _of("max_key", "MaxKey"),
        lambda _: True,
        _singleton,
    ),
    Branch(
        "$bson.Code",
        "bson Code: code and scope, never run",
        _of("code", "Code"),
        _dump_code,
        _load_code,
    ),
    Branch(
        "$bson.DBRef",
        "bson DBRef: collection, id, database, extra pairs",
        _of("dbref", "DBRef"),
        _dump_dbref,
        _load_dbref,
    ),
    Branch(
        "$bson.SON",
        "bson SON: [key, value] pairs",
        _of("son", "SON"),
        _dump_son,
        _load_son,
        _copy_son,
    ),
    Branch(
        "$bson.DatetimeMS",
        "bson DatetimeMS: milliseconds since 1970",
        _of("datetime_ms", "DatetimeMS"),
        lambda value, encode: encode(int(value)),
        _load_integer,
    ),
)
