"""Bytes and what is laid out like bytes."""

from __future__ import annotations

import base64
from array import array
from struct import calcsize
from typing import Any

from timetracer_otel.values.kinds import JsonValue, Leaf, array_of, fields_of, text_of
from timetracer_otel.values.scalars import dump_float, dump_int, dump_str, load_int

__all__ = ["BUFFERS", "copy_view", "dump_bytes", "load_bytes"]

_LINE_CHARACTERS = str.maketrans("", "", "\r\n\t")


def dump_bytes(value: bytes | bytearray | memoryview) -> JsonValue:
    """UTF-8 text where it can be read, else ``{"base64": …}``."""
    raw = bytes(value)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}
    if text.isprintable() or text.translate(_LINE_CHARACTERS).isprintable():
        return text
    return {"base64": base64.b64encode(raw).decode()}


def load_bytes(payload: JsonValue) -> bytes:
    if type(payload) is str:
        return payload.encode()
    return base64.b64decode(text_of(fields_of(payload, "base64")["base64"]), validate=True)


def _load_buffer(kind: type[Any], payload: JsonValue) -> object:
    return kind(load_bytes(payload))


def _dump_view(value: memoryview) -> JsonValue:
    raw = value.tobytes()
    if value.format == "B" and value.ndim == 1:
        return dump_bytes(raw)
    return {
        "format": value.format,
        "shape": [*(value.shape or ())],
        "bytes": dump_bytes(raw),
    }


def _load_view(_kind: type, payload: JsonValue) -> memoryview:
    if type(payload) is not dict or "format" not in payload:
        return memoryview(load_bytes(payload))
    fields = fields_of(payload, "format", "shape", "bytes")
    return _view(load_bytes(fields["bytes"]), fields["format"], fields["shape"])


def _view(raw: bytes, code: Any, shape: Any) -> memoryview:
    """Views without an item cannot be cast: one that has an item is cut."""
    if raw:
        return memoryview(raw).cast(code, shape)
    return memoryview(bytes(calcsize(code))).cast(code)[:0]


def copy_view(value: memoryview) -> memoryview:
    """The same bytes under a view of our own, unless nobody can write through this one."""
    if value.readonly and type(value.obj) is bytes:
        return value
    if value.format == "B" and value.ndim == 1:
        return memoryview(value.tobytes())
    return _view(value.tobytes(), value.format, value.shape)


def _dump_array(value: array[Any]) -> JsonValue:
    code = value.typecode
    if code in "uw":
        return {"typecode": code, "values": dump_str(value.tounicode())}
    dump: Any = dump_float if code in "fd" else dump_int
    return {"typecode": code, "values": [dump(item) for item in value]}


def _load_array(_kind: type, payload: JsonValue) -> array[Any]:
    fields = fields_of(payload, "typecode", "values")
    code, values = text_of(fields["typecode"]), fields["values"]
    if code in ("u", "w"):
        return array(code, text_of(values))
    return array(code, [_number(item) for item in array_of(values)])


def _number(payload: JsonValue) -> float:
    if type(payload) is dict and list(payload) == ["$int"]:
        return load_int(payload["$int"])
    if type(payload) is dict and list(payload) == ["$float"]:
        return float(text_of(payload["$float"]))
    if type(payload) is int or type(payload) is float:
        return payload
    raise TypeError("an item of an array is a number")


BUFFERS = (
    Leaf(
        "$bytes",
        "bytes: text, or base64 where unreadable",
        bytes,
        dump_bytes,
        _load_buffer,
    ),
    Leaf(
        "$bytearray",
        "bytearray, as $bytes",
        bytearray,
        dump_bytes,
        _load_buffer,
        bytearray.copy,
    ),
    Leaf(
        "$memoryview",
        "memoryview, as $bytes",
        memoryview,
        _dump_view,
        _load_view,
        copy_view,
    ),
    Leaf(
        "$array",
        "array.array: typecode and values",
        array,
        _dump_array,
        _load_array,
        lambda a: a[:],
    ),
)
