"""Numbers, text, identifiers and addresses of the standard library."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from timetracer_otel.values.kinds import JsonValue, Leaf, array_of, text_of
from timetracer_otel.values.opaque import is_encodable

__all__ = ["SAFE_INT", "SCALARS", "dump_float", "dump_int", "dump_str", "load_int"]

SAFE_INT = 2**53
"""Every JSON reader keeps integers of at most this size (RFC 8259, section 6)."""

# Longer ones are written in base 16: the interpreter refuses decimal digits beyond a limit
# that is the process's own (4300 by default, 640 at least), and takes quadratic time.
_MAX_DECIMAL_BITS = 2000
_INTEGER = re.compile(r"-?[0-9]+|-?0x[0-9a-f]+")
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_ESCAPED = re.compile("[\\\\\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4})?")


def dump_int(value: int) -> JsonValue:
    """An exact int as it is, or tagged where a JSON reader might lose digits."""
    if -SAFE_INT <= value <= SAFE_INT:
        return value
    return {"$int": str(value) if value.bit_length() <= _MAX_DECIMAL_BITS else hex(value)}


def load_int(payload: JsonValue) -> int:
    text = text_of(payload)
    if not _INTEGER.fullmatch(text):
        raise ValueError("not an integer")
    return int(text, 16 if "x" in text[:3] else 10)


def dump_float(value: float) -> JsonValue:
    """An exact float as it is, or tagged where JSON has no word for it."""
    return value if math.isfinite(value) else {"$float": repr(value)}


def _load_float(payload: JsonValue) -> float:
    return _FLOATS[text_of(payload)]


def dump_str(value: str) -> JsonValue:
    r"""An exact str as it is, or tagged where UTF-8 cannot say it.

    Lone surrogates are written as ``\udc80``, and backslashes doubled.
    """
    if is_encodable(value):
        return value
    return {"$str": _ESCAPED.sub(_escape, value)}


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return "\\\\" if character == "\\" else f"\\u{ord(character):04x}"


def _load_str(payload: JsonValue) -> str:
    return _ESCAPE.sub(_unescape, text_of(payload))


def _unescape(found: re.Match[str]) -> str:
    escape = found[1]
    if escape is None:
        raise ValueError("a backslash that escapes nothing")
    return "\\" if escape == "\\" else chr(int(escape[1:], 16))


def _from_text(kind: Callable[[str], object], payload: JsonValue) -> object:
    return kind(text_of(payload))


def _dump_range(value: range) -> JsonValue:
    return [dump_int(value.start), dump_int(value.stop), dump_int(value.step)]


def _load_range(_kind: type, payload: JsonValue) -> range:
    start, stop, step = (_bound(item) for item in array_of(payload, 3))
    return range(start, stop, step)


def _bound(payload: JsonValue) -> int:
    if type(payload) is int:
        return payload
    if type(payload) is dict and list(payload) == ["$int"]:
        return load_int(payload["$int"])
    raise TypeError("a bound of a range is an integer")


def _dump_address(value: Any) -> JsonValue:
    text = str(value)
    if not is_encodable(text):
        raise ValueError("the scope of the address is not text")
    return text


def _address(kind: type, meaning: str) -> Leaf:
    return Leaf(f"${kind.__name__.lower()}", meaning, kind, _dump_address, _from_text)


# The first three stand for themselves unless JSON cannot say them, so encoding never asks
# these rows; decoding and the list of tags do.
SCALARS = (
    Leaf(
        "$int",
        "int beyond ±2**53: digits, or 0x digits",
        int,
        dump_int,
        lambda _, p: load_int(p),
    ),
    Leaf("$float", "nan, inf or -inf", float, dump_float, lambda _, p: _load_float(p)),
    Leaf(
        "$str",
        "str with lone surrogates, escaped",
        str,
        dump_str,
        lambda _, p: _load_str(p),
    ),
    Leaf("$complex", "complex number, as Python writes it", complex, repr, _from_text),
    Leaf(
        "$decimal",
        "decimal.Decimal, digits and exponent kept",
        Decimal,
        str,
        _from_text,
    ),
    Leaf("$uuid", "uuid.UUID", UUID, str, _from_text),
    Leaf("$range", "range: [start, stop, step]", range, _dump_range, _load_range),
    _address(ipaddress.IPv4Address, "IPv4 address"),
    _address(ipaddress.IPv6Address, "IPv6 address"),
    _address(ipaddress.IPv4Network, "IPv4 network"),
    _address(ipaddress.IPv6Network, "IPv6 network"),
    _address(ipaddress.IPv4Interface, "IPv4 address with its network"),
    _address(ipaddress.IPv6Interface, "IPv6 address with its network"),
)
