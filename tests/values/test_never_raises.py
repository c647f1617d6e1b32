"""Encoding never raises and always ends, whatever the application hands over."""

from __future__ import annotations

import inspect
import json
import sys
import threading
from collections import OrderedDict
from typing import Any

import pytest

from timetracer_otel.errors import OpaqueValueError
from timetracer_otel.values import MAX_DEPTH, decode, encode, encode_rows, snapshot


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


class Explosive:
    def __repr__(self) -> str:
        raise RuntimeError("boom")


class Spoof:
    """Says it is an ObjectId."""

    def __repr__(self) -> str:
        return "spoof"


Spoof.__module__, Spoof.__qualname__ = "bson.objectid", "ObjectId"


class Meta(type):
    @property
    def __module__(cls) -> Any:  # type: ignore[override]
        raise RuntimeError("boom")


class Unaskable(metaclass=Meta):
    def __repr__(self) -> str:
        return "unaskable"


class BadString(str):
    __slots__ = ()

    def __repr__(self) -> str:
        raise RuntimeError("boom")


class Surrogates:
    def __repr__(self) -> str:
        return "\ud800"


released = memoryview(b"x")
released.release()


@pytest.mark.parametrize(
    "value",
    [
        Explosive(),
        Spoof(),
        Unaskable(),
        Surrogates(),
        released,
        object,
        Explosive,
        len,
        iter([]),
    ],
    ids=lambda value: type(value).__qualname__,
)
def test_a_value_that_cannot_be_recorded_is_opaque(value: object) -> None:
    written = encode({"around": value})
    assert isinstance(written, dict)
    assert list(written["around"]) == ["$opaque"]  # type: ignore[arg-type]
    json.dumps(written, ensure_ascii=False, allow_nan=False).encode()
    assert snapshot(value) is value


def test_a_subclass_is_taken_by_its_value_whatever_it_overrides() -> None:
    assert decode(encode(BadString("x"))) == "x"


def test_a_cycle_is_cut_where_it_closes() -> None:
    value: dict[str, Any] = {"a": 1}
    value["self"] = [value]
    cut = {"$opaque": {"type": "builtins.dict", "repr": "<cycle>"}}
    assert encode(value) == {"a": 1, "self": [cut]}


def test_a_cycle_through_other_containers_is_cut() -> None:
    value: OrderedDict[str, Any] = OrderedDict()
    value["self"] = (value,)
    cut = {"$opaque": {"type": "collections.OrderedDict", "repr": "<cycle>"}}
    assert encode(value) == {"$ordereddict": [["self", {"$tuple": [cut]}]]}


def test_one_value_in_two_places_is_no_cycle() -> None:
    shared = [1]
    assert encode([shared, shared]) == [[1], [1]]


def test_a_few_lists_that_stand_for_too_many_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timetracer_otel.values.encoding.MAX_CONTAINERS", 1000)
    value: list[Any] = [1]
    for _ in range(60):
        value = [value, value]
    assert "<more than 1000 containers>" in json.dumps(encode(value))


def test_what_is_nested_too_deep_is_cut_at_a_fixed_depth() -> None:
    assert decode(encode(nested(MAX_DEPTH - 1))) == nested(MAX_DEPTH - 1)
    with pytest.raises(OpaqueValueError, match="nested deeper"):
        decode(encode(nested(MAX_DEPTH)))
    assert encode(nested(100_000)) == encode(nested(MAX_DEPTH))


def test_every_container_counts_alike_on_the_way_in_and_out() -> None:
    value: object = 1.5j
    for kind in range(MAX_DEPTH):
        value = ((value,), [value], {"a": value}, {1: value}, OrderedDict(a=value))[kind % 5]
    assert decode(encode(value)) == value


def test_a_stack_almost_full_cuts_and_does_not_raise() -> None:
    def at_the_bottom(frames: int) -> object:
        return at_the_bottom(frames - 1) if frames else encode({"a": nested(100)})

    used = len(inspect.stack(0))
    written = at_the_bottom(sys.getrecursionlimit() - used - 60)
    assert "nested deeper than the stack allows" in json.dumps(written)


def test_a_dict_that_changes_meanwhile_does_not_harm() -> None:
    value: dict[str, Any] = {"a": 1}
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            value.update((str(n), [n]) for n in range(200))
            value.clear()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(200):
            assert "$opaque" not in json.dumps(encode(value))
            snapshot(value)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "rows",
    [
        [(1,), (1, 2)] * 10,
        [()] * 10,
        [{"a": 1}] * 10,
        [None] * 10,
        [5] * 10,
        ["text"] * 10,
        [Explosive()] * 10,
        [(Explosive(),)] * 10,
        [],
    ],
    ids=range(9),
)
def test_rows_of_any_shape_are_encoded_one_for_one(rows: Any) -> None:
    assert len(encode_rows(rows)) == len(rows)
