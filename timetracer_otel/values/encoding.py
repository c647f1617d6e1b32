"""From any value to JSON. Nothing here raises: what cannot be recorded is written as `$opaque`.

Every exact type has one encoder in `ENCODERS`, found by one look-up; encoders of driver
classes are put there when the first value of such a class comes along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from math import isfinite
from typing import Any, TypeAlias

from timetracer_otel.values.containers import dump_pairs
from timetracer_otel.values.kinds import Branch, Foreign, JsonValue, Leaf
from timetracer_otel.values.opaque import clean_text, is_encodable, opaque, type_name
from timetracer_otel.values.scalars import SAFE_INT, dump_float, dump_int, dump_str
from timetracer_otel.values.table import KINDS, foreign_kind

__all__ = ["MAX_DEPTH", "encode", "encode_rows"]

MAX_DEPTH = 150
"""Containers within containers; MongoDB permits 100, and JSON readers have limits of their own."""

MAX_CONTAINERS = 1_000_000
"""Containers in one value. A few lists that hold each other twice can stand for any number."""

# From this many values on, one pass in C over all of them pays for itself.
_MANY = 8


class Walk:
    """One call of `encode`: the containers around the current value, and how many are left."""

    __slots__ = ("left", "path")

    def __init__(self) -> None:
        self.path: set[int] = set()
        self.left = MAX_CONTAINERS

    def __call__(self, value: object) -> JsonValue:
        return ENCODERS[type(value)](value, self)


Encoder: TypeAlias = Callable[[Any, Walk], JsonValue]


def encode(value: object) -> JsonValue:
    """`value` as plain JSON: None, bool, int, float, str, list and dict.

    Values other than JSON's own become objects with one key, a tag of `TAGS`. Cycles and what
    is nested deeper than `MAX_DEPTH` are cut, as `$opaque`. Never raises.
    """
    try:
        return ENCODERS[type(value)](value, Walk())
    except Exception as error:  # noqa: BLE001 - a recording must not fail on any value
        return opaque(value, f"<encoding failed: {type_name(type(error))}>")


def encode_rows(rows: Sequence[Sequence[object]]) -> list[Any]:
    """Each row as a JSON array of encoded cells, whatever kind of sequence it was.

    A row that is no sequence (a dict of a dict cursor) is encoded like any other value.
    Never raises.
    """
    if len(rows) >= _MANY and not any(issubclass(kind, _NO_ROW) for kind in set(map(type, rows))):
        try:
            return _encode_columns(list(map(tuple, rows)))
        except Exception:  # noqa: BLE001 - iterating runs the application's code
            # Rows of different lengths, or no rows at all: one by one, then.
            return [_encode_row(row) for row in rows]
    return [_encode_row(row) for row in rows]


# They can be iterated over, and give something else than their cells.
_NO_ROW = (Mapping, str, bytes)


def _encode_columns(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Column by column: the values of one column are of one type, as a rule."""
    columns = list(zip(*rows, strict=True))
    walk = Walk()
    encoded = [_encode_many(column, walk) for column in columns]
    if all(map(_is, encoded, columns)):
        return list(map(list, rows))
    return list(map(list, zip(*encoded, strict=True)))


def _encode_row(row: Any) -> JsonValue:
    if isinstance(row, _NO_ROW):
        return encode(row)
    try:
        return list(_encode_many(tuple(row), Walk()))
    except Exception:  # noqa: BLE001 - iterating runs the application's code
        return encode(row)


def _is(one: object, other: object) -> bool:
    return one is other


def _encode_many(values: Sequence[Any], walk: Walk) -> Sequence[JsonValue]:
    """`values`, encoded; `values` itself where JSON can say all of them as they are."""
    if len(values) >= _MANY:
        kinds = set(map(type, values))
        kinds.discard(type(None))
        if not kinds:
            return values
        are_plain = _ARE_PLAIN.get(kinds.pop()) if len(kinds) == 1 else None
        if are_plain is not None and are_plain(values):
            return values
    return [ENCODERS[type(value)](value, walk) for value in values]


# `filter(None, …)` leaves out None, and with it only what is plain anyway: "", 0, False.
def _are_plain_strings(values: Iterable[Any]) -> bool:
    return all(map(str.isascii, filter(None, values))) or is_encodable(
        "".join(filter(None, values))
    )


def _are_plain_integers(values: Iterable[Any]) -> bool:
    sizes = list(filter(None, values))
    return not sizes or (max(sizes) <= SAFE_INT and min(sizes) >= -SAFE_INT)


def _are_plain_floats(values: Iterable[Any]) -> bool:
    return all(map(isfinite, filter(None, values)))


_ARE_PLAIN: dict[type, Callable[[Iterable[Any]], bool]] = {
    str: _are_plain_strings,
    int: _are_plain_integers,
    float: _are_plain_floats,
    bool: lambda _: True,
}


def _encode_itself(value: Any, _walk: Walk) -> JsonValue:
    return value  # type: ignore[no-any-return]


def _encode_str(value: str, _walk: Walk) -> JsonValue:
    return value if value.isascii() else dump_str(value)


def _encode_int(value: int, _walk: Walk) -> JsonValue:
    return dump_int(value)


def _encode_float(value: float, _walk: Walk) -> JsonValue:
    return dump_float(value)


def _within(value: Any, walk: Walk, produce: Encoder) -> JsonValue:
    """What `produce` makes of `value`, with `value` on the path; cut at a cycle or a depth."""
    path = walk.path
    place = id(value)
    if place in path:
        return opaque(value, "<cycle>")
    if len(path) >= MAX_DEPTH:
        return opaque(value, f"<nested deeper than {MAX_DEPTH}>")
    if walk.left <= 0:
        return opaque(value, f"<more than {MAX_CONTAINERS} containers>")
    walk.left -= 1
    path.add(place)
    try:
        return produce(value, walk)
    except RecursionError:
        return opaque(value, "<nested deeper than the stack allows>")
    except Exception:  # noqa: BLE001 - a value may run any code when it is looked at
        return opaque(value)
    finally:
        path.discard(place)


def _encode_list(value: list[Any], walk: Walk) -> JsonValue:
    return _within(value, walk, _list_items)


def _list_items(value: list[Any], walk: Walk) -> JsonValue:
    # Copied in one step: another thread may be changing it, and it is gone through twice.
    return list(_encode_many(tuple(value), walk))


def _encode_dict(value: dict[Any, Any], walk: Walk) -> JsonValue:
    return _within(value, walk, _dict_items)


def _dict_items(value: dict[Any, Any], walk: Walk) -> JsonValue:
    items = list(value.items())
    for key, _ in items:
        if type(key) is not str or key[:1] == "$" or not (key.isascii() or is_encodable(key)):
            return {"$map": dump_pairs(items, walk)}
    return {key: ENCODERS[type(item)](item, walk) for key, item in items}


def _leaf_encoder(kind: Leaf) -> Encoder:
    tag, dump = kind.tag, kind.dump

    def encode_leaf(value: Any, _walk: Walk) -> JsonValue:
        try:
            return {tag: dump(value)}
        except Exception:  # noqa: BLE001 - a value may run any code when it is looked at
            return opaque(value)

    return encode_leaf


def _branch_encoder(kind: Branch) -> Encoder:
    tag, dump = kind.tag, kind.dump

    def produce(value: Any, walk: Walk) -> JsonValue:
        return {tag: dump(value, walk)}

    return lambda value, walk: _within(value, walk, produce)


def _encoder_of(kind: Leaf | Branch) -> Encoder:
    return _leaf_encoder(kind) if isinstance(kind, Leaf) else _branch_encoder(kind)


def _encode_unlisted(value: Any, walk: Walk) -> JsonValue:
    return _within(value, walk, _unlisted)


def _unlisted(value: Any, walk: Walk) -> JsonValue:
    """By the nearest class of the table that `value` derives from; else an enum, or opaque."""
    name = type_name(type(value))
    for base in type(value).__mro__[1:]:
        encoder = ENCODERS[base]
        if encoder is not _encode_unlisted:
            bare = _BARE.get(base)
            inner = encoder(bare(value), walk) if bare else encoder(value, walk)
            return {"$subclass": {"type": name, **_named(value), "value": inner}}
    if isinstance(value, Enum):
        member = {"name": clean_text(str(value.name)), "value": walk(value.value)}
        return {"$enum": {"type": name, **member}}
    return opaque(value)


def _named(value: object) -> dict[str, JsonValue]:
    """The fields of a named tuple: what a driver makes of a composite is asked for them."""
    fields = getattr(type(value), "_fields", None) if isinstance(value, tuple) else None
    if type(fields) is not tuple or any(type(field) is not str for field in fields):
        return {}
    return {"fields": [clean_text(field) for field in fields]}


# How an instance of a subclass becomes one of the class itself, past anything it overrides:
# only exact builtins may reach the JSON writer.
_BARE: dict[type, Callable[[Any], object]] = {
    str: str.__str__,
    int: int.__pos__,
    float: float.__pos__,
    bytes: lambda value: bytes(memoryview(value)),
    list: lambda value: list(list.__iter__(value)),
    dict: lambda value: dict(dict.items(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: set(frozenset.__iter__(value)),
}


class _Encoders(dict[type, Encoder]):
    """Encoders by exact type. A driver class joins when it is first met; others never do."""

    def __missing__(self, kind: type) -> Encoder:
        row = foreign_kind(kind)
        if row is None:
            return _encode_unlisted
        self[kind] = encoder = _encoder_of(row)
        return encoder


ENCODERS: Mapping[type, Encoder] = _Encoders(
    {
        **{kind.of: _encoder_of(kind) for kind in KINDS if not isinstance(kind.of, Foreign)},
        type(None): _encode_itself,
        bool: _encode_itself,
        int: _encode_int,
        float: _encode_float,
        str: _encode_str,
        list: _encode_list,
        dict: _encode_dict,
    }
)
