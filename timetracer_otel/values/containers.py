"""Containers of the standard library that JSON does not have."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any

from timetracer_otel.values.kinds import (
    Branch,
    Copy,
    Decode,
    Encode,
    JsonValue,
    array_of,
    fields_of,
)

__all__ = ["CONTAINERS", "dump_pairs", "load_pairs"]


def dump_pairs(pairs: Iterable[tuple[object, object]], encode: Encode) -> JsonValue:
    """``[[key, value], …]``, in the order given."""
    return [[encode(key), encode(value)] for key, value in pairs]


def load_pairs(payload: JsonValue, decode: Decode) -> list[tuple[Any, Any]]:
    pairs = (array_of(pair, 2) for pair in array_of(payload))
    return [(decode(key), decode(value)) for key, value in pairs]


def _dump_items(value: Iterable[object], encode: Encode) -> JsonValue:
    return [encode(item) for item in value]


def _load_items(kind: Any, payload: JsonValue, decode: Decode) -> object:
    return kind(map(decode, array_of(payload)))


def _dump_set(value: Iterable[object], encode: Encode) -> JsonValue:
    """In an order of its own: a set's is different in every process."""
    return sorted(map(encode, list(value)), key=json.dumps)


def copy_tuple(value: tuple[Any, ...], copy: Copy) -> object:
    """`value` itself, unless something in it had to be copied."""
    items = tuple.__iter__(value)
    copies = tuple(map(copy, items))
    if all(map(_is, copies, tuple.__iter__(value))):
        return value
    return tuple.__new__(type(value), copies)


def _is(one: object, other: object) -> bool:
    return one is other


def _copy_ordered(value: OrderedDict[Any, Any], copy: Copy) -> object:
    copied = OrderedDict.__new__(type(value))
    for key, item in list(value.items()):
        OrderedDict.__setitem__(copied, key, copy(item))
    return copied


def _dump_ordered(value: OrderedDict[Any, Any], encode: Encode) -> JsonValue:
    return dump_pairs(list(value.items()), encode)


def _load_ordered(_kind: type, payload: JsonValue, decode: Decode) -> object:
    return OrderedDict(load_pairs(payload, decode))


def _dump_deque(value: deque[Any], encode: Encode) -> JsonValue:
    return {"values": [encode(item) for item in list(value)], "maxlen": value.maxlen}


def _load_deque(_kind: type, payload: JsonValue, decode: Decode) -> object:
    fields = fields_of(payload, "values", "maxlen")
    return deque(map(decode, array_of(fields["values"])), fields["maxlen"])


def _copy_deque(value: deque[Any], copy: Copy) -> object:
    return deque(map(copy, list(value)), value.maxlen)


def _copy_set(value: set[Any], _copy: Copy) -> object:
    return set.copy(value)


CONTAINERS = (
    Branch("$tuple", "tuple", tuple, _dump_items, _load_items, copy_tuple),
    Branch("$set", "set, in a stable order", set, _dump_set, _load_items, _copy_set),
    Branch("$frozenset", "frozenset, in a stable order", frozenset, _dump_set, _load_items),
    Branch(
        "$ordereddict",
        "collections.OrderedDict: [key, value] pairs",
        OrderedDict,
        _dump_ordered,
        _load_ordered,
        _copy_ordered,
    ),
    Branch(
        "$deque",
        "collections.deque: values and maxlen",
        deque,
        _dump_deque,
        _load_deque,
        _copy_deque,
    ),
)
