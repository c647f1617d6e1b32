"""When two values are the same one, for people who record and replay."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from timetracer_otel.values import decode, encode


def through_json(value: object) -> object:
    """`value`, encoded, written as strict UTF-8 JSON, read and decoded."""
    text = json.dumps(encode(value), ensure_ascii=False, allow_nan=False).encode()
    return decode(json.loads(text))


def is_same(one: Any, other: Any) -> bool:
    """Of one exact type all the way down, and equal; a NaN is the same as a NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and _all_same(
            [*one, *one.values()], [*other, *other.values()]
        )
    if isinstance(one, list | tuple | deque):
        return _all_same(list(one), list(other))
    if isinstance(one, set | frozenset):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    if isinstance(one, int):  # it may have more digits than repr gives
        return bool(one == other)
    return repr(one) == repr(other)


def _all_same(ones: list[Any], others: list[Any]) -> bool:
    return len(ones) == len(others) and all(map(is_same, ones, others))
