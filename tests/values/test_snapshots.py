"""A snapshot does not change when the application goes on changing its own."""

from __future__ import annotations

import enum
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from tests.values.sameness import is_same
from timetracer_otel.values import encode, is_immutable, snapshot
from timetracer_otel.values import snapshot_rows as rows_of


class Name(str):
    __slots__ = ()


class Level(enum.Enum):
    HIGH = 1


class Bag(dict[str, Any]):
    def __init__(self, required: int) -> None:
        super().__init__(a=[1])


class Stack(list[Any]):
    pass


class Pair(NamedTuple):
    one: list[int]
    other: int


CONSTANT = [
    None,
    True,
    1,
    1.5,
    "a",
    b"a",
    Decimal(1),
    UUID(int=1),
    Name("a"),
    Level.HIGH,
    range(3),
]


@pytest.mark.parametrize("value", CONSTANT, ids=lambda value: type(value).__name__)
def test_what_cannot_change_is_kept_itself(value: object) -> None:
    assert snapshot(value) is value
    assert is_immutable(type(value))


def test_a_tuple_is_copied_only_if_something_in_it_can_change() -> None:
    plain = (1, ("a", datetime(2026, 1, 1, tzinfo=UTC), frozenset((1,))))
    changing = (1, ([2],))
    kept: Any = snapshot(changing)
    changing[1][0].append(3)
    assert snapshot(plain) is plain
    assert kept == (1, ([2],))


def changing() -> list[Any]:
    return [
        [1, [2]],
        {"a": {"b": [1]}},
        {1, 2},
        bytearray(b"ab"),
        array("i", [1, 2]),
        deque([[1]], maxlen=5),
        OrderedDict(a=[1]),
        Pair([1], 2),
        Counter("aab"),
        Bag(1),
        Stack([[1]]),
        defaultdict(list, {"a": [1]}),
        list(range(100)),
    ]


def spoil(value: Any) -> None:
    """Changes `value` and everything in it."""
    if isinstance(value, dict):
        for item in value.values():
            spoil(item)
        value["spoilt"] = 1
    elif isinstance(value, set):
        value.add("spoilt")
    elif isinstance(value, tuple | list | deque):
        for item in value:
            spoil(item)
        if not isinstance(value, tuple):
            value.append("spoilt")
    elif isinstance(value, bytearray | array):
        value.append(1)


@pytest.mark.parametrize("case", range(len(changing())), ids=lambda n: type(changing()[n]).__name__)
def test_what_can_change_is_copied_with_its_type(case: int) -> None:
    original, untouched = changing()[case], changing()[case]
    kept = snapshot(original)
    spoil(original)
    assert is_same(kept, untouched)
    assert encode(kept) == encode(untouched)


def test_a_view_on_bytes_that_can_change_is_copied() -> None:
    buffer = bytearray(b"ab")
    kept, fixed = snapshot(memoryview(buffer)), memoryview(b"ab")
    buffer[0] = 0
    assert kept == b"ab"
    assert snapshot(fixed) is fixed


def test_a_cycle_stays_a_cycle() -> None:
    value: list[Any] = [1]
    value.append({"self": value})
    kept: Any = snapshot(value)
    assert kept is not value
    assert kept[1]["self"] is kept


def test_containers_that_hold_each_other_many_times_are_copied_once() -> None:
    value: Any = deque([1])
    for _ in range(60):
        value = deque([value, value])
    kept: Any = snapshot(value)
    assert kept[0] is kept[1]
    value = deque([1])
    value.extend([value, value])
    assert len(snapshot(value)) == 3  # type: ignore[arg-type]


def test_an_unknown_object_is_kept_by_reference() -> None:
    value = object()
    kept: Any = snapshot([value])
    assert kept[0] is value
    assert not is_immutable(object)


def test_nesting_beyond_any_stack_does_no_harm() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert encode(snapshot(value)) == encode(value)


def test_rows_that_cannot_change_are_kept_in_a_list_of_our_own() -> None:
    rows = [(number, "x", None) for number in range(20)]
    kept = rows_of(rows)
    rows.append((0, "y", None))
    assert len(kept) == 20
    assert all(one is other for one, other in zip(kept, rows, strict=False))


def test_rows_with_something_that_can_change_are_copied() -> None:
    rows: list[Any] = [(1, [2]), [3, "x"], {"a": [4]}]
    kept = rows_of(rows)
    spoil(rows)
    assert kept == [(1, [2]), [3, "x"], {"a": [4]}]
