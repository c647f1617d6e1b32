"""The range types of the three PostgreSQL drivers, which differ in their classes only."""

from __future__ import annotations

from typing import Any

from timetracer_otel.values.kinds import (
    Branch,
    Copy,
    Decode,
    Encode,
    Foreign,
    JsonValue,
    array_of,
    fields_of,
    text_of,
)

__all__ = ["RANGES"]

_PSYCOPG = ("", "Int4", "Int8", "Numeric", "Date", "Timestamp", "Timestamptz")
_PSYCOPG2 = ("Numeric", "Date", "DateTime", "DateTimeTZ")
_BOUNDS = ("[]", "[)", "(]", "()")


def _dump_range(value: Any, encode: Encode) -> JsonValue:
    if value.isempty:
        return {"empty": True}
    # The psycopgs keep the bounds as given, beyond what `lower_inc` and `upper_inc` tell.
    bounds = getattr(value, "_bounds", None) or (
        ("[" if value.lower_inc else "(") + ("]" if value.upper_inc else ")")
    )
    return {
        "lower": encode(value.lower),
        "upper": encode(value.upper),
        "bounds": bounds,
    }


def _range_fields(payload: JsonValue, decode: Decode) -> tuple[Any, Any, str] | None:
    """Lower bound, upper bound and brackets; None for the empty range."""
    if type(payload) is dict and "empty" in payload:
        fields_of(payload, "empty")
        return None
    fields = fields_of(payload, "lower", "upper", "bounds")
    bounds = text_of(fields["bounds"])
    if bounds not in _BOUNDS:
        raise ValueError(f"bounds are one of {', '.join(_BOUNDS)}")
    return decode(fields["lower"]), decode(fields["upper"]), bounds


def _load_psycopg(kind: Any, payload: JsonValue, decode: Decode) -> object:
    fields = _range_fields(payload, decode)
    return kind(empty=True) if fields is None else kind(*fields)


def _load_asyncpg(kind: Any, payload: JsonValue, decode: Decode) -> object:
    fields = _range_fields(payload, decode)
    if fields is None:
        return kind(empty=True)
    lower, upper, bounds = fields
    return kind(lower, upper, lower_inc=bounds[0] == "[", upper_inc=bounds[1] == "]")


def _dump_multirange(value: Any, encode: Encode) -> JsonValue:
    return [encode(item) for item in list(value)]


def _load_multirange(kind: Any, payload: JsonValue, decode: Decode) -> object:
    return kind(map(decode, array_of(payload)))


def _copy_multirange(value: Any, _copy: Copy) -> object:
    return type(value)(list(value))


def _psycopg_range(prefix: str) -> Branch:
    name = f"{prefix}Range"
    return Branch(
        f"$psycopg.{name}",
        f"psycopg {name}: lower, upper, bounds, or empty",
        Foreign(("psycopg.types.range",), name, "psycopg"),
        _dump_range,
        _load_psycopg,
    )


def _psycopg_multirange(prefix: str) -> Branch:
    name = f"{prefix}Multirange"
    return Branch(
        f"$psycopg.{name}",
        f"psycopg {name}: an array of ranges",
        Foreign(("psycopg.types.multirange",), name, "psycopg"),
        _dump_multirange,
        _load_multirange,
        _copy_multirange,
    )


def _psycopg2_range(prefix: str) -> Branch:
    name = f"{prefix}Range"
    return Branch(
        f"$psycopg2.{name}",
        f"psycopg2 {name}: lower, upper, bounds, or empty",
        Foreign(("psycopg2._range",), name, "psycopg2-binary"),
        _dump_range,
        _load_psycopg,
    )


RANGES = (
    Branch(
        "$asyncpg.Range",
        "asyncpg Range: lower, upper, bounds, or empty",
        Foreign(("asyncpg.types",), "Range", "asyncpg"),
        _dump_range,
        _load_asyncpg,
    ),
    *map(_psycopg_range, _PSYCOPG),
    *map(_psycopg_multirange, _PSYCOPG),
    *map(_psycopg2_range, _PSYCOPG2),
)
