"""What is decoded is what was encoded, of its exact type."""

from __future__ import annotations

import ipaddress
import sys
from array import array
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.values.sameness import is_same, through_json
from timetracer_otel.values import encode, encode_rows

steady = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)

# Any code point, lone surrogates and backslashes among them.
texts = st.one_of(st.text(), st.text("\\u$\ud800\udfffé", max_size=8))

offsets = st.timedeltas(min_value=timedelta(hours=-23), max_value=timedelta(hours=23))
zones = st.one_of(
    st.none(),
    st.just(UTC),
    st.builds(timezone, offsets),
    st.builds(timezone, offsets, st.text(max_size=5)),
    st.sampled_from([ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York"), ZoneInfo("UTC")]),
)
folds = st.integers(0, 1)

WIDE = "w" if sys.version_info >= (3, 13) else "u"

hashables = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**53) - 2, -(2**53) + 2),
    st.integers(2**53 - 2, 2**53 + 2),
    st.floats(),
    st.complex_numbers(),
    texts,
    st.binary(),
    st.text("aé\n\0", max_size=5).map(str.encode),
    st.decimals().filter(lambda number: not number.is_snan()),  # which cannot be in a set
    st.uuids(),
    st.dates(),
    st.timedeltas(),
    st.builds(lambda m, z, f: m.replace(tzinfo=z, fold=f), st.datetimes(), zones, folds),
    st.builds(lambda m, z, f: m.replace(tzinfo=z, fold=f), st.times(), zones, folds),
    st.ip_addresses(),
    st.builds(range, st.integers(), st.integers(), st.integers(1, 2**70)),
)

buffers = st.one_of(
    st.binary().map(bytearray),
    st.binary().map(lambda raw: array("B", raw)),
    st.lists(st.floats()).map(lambda numbers: array("d", numbers)),
    st.lists(st.integers(-(2**63), 2**63 - 1)).map(lambda numbers: array("q", numbers)),
)

keys = st.one_of(texts, st.text("$ab", max_size=3), st.integers(), st.tuples(st.text(max_size=2)))


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=12),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(deque),
        st.dictionaries(keys, inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4).map(OrderedDict),
        st.sets(hashables, max_size=4),
        st.frozensets(hashables, max_size=4),
    )


values = st.recursive(st.one_of(hashables, buffers), containers, max_leaves=12)


@steady
@given(values)
def test_any_value_comes_back_the_same(value: object) -> None:
    assert is_same(through_json(value), value)


@steady
@given(st.lists(st.tuples(values, texts, st.integers(), st.floats()), max_size=12))
def test_any_rows_come_back_the_same(rows: list[tuple[object, ...]]) -> None:
    assert encode_rows(rows) == [[encode(cell) for cell in row] for row in rows]


@steady
@given(values)
def test_encoding_twice_gives_the_same_document(value: object) -> None:
    assert encode(value) == encode(through_json(value))


def test_whatever_was_encoded_can_be_encoded_again_as_a_plain_document() -> None:
    document = encode({"price": Decimal("1.20"), "$at": (date(2026, 1, 2), None)})
    assert is_same(through_json(document), document)


@pytest.mark.parametrize(
    "value",
    [
        {"$decimal": "1.20"},
        {"$decimal": 1},
        {"$opaque": {"type": "x", "repr": "y"}},
        {"$map": []},
        {"$": 1},
        {"$set": {"a": 1}, "plain": 2},
        {"\ud800": 1},
        {1: "a", "1": "b", (1,): "c", None: "d", b"x": "e"},
    ],
    ids=repr,
)
def test_a_dict_that_looks_like_a_tag_is_not_taken_for_one(
    value: dict[Any, Any],
) -> None:
    assert is_same(through_json(value), value)


@pytest.mark.parametrize(
    "value",
    [
        Decimal("-0E-10"),
        Decimal("sNaN123"),
        Decimal("1E+400"),
        10**5000,
        -(10**5000),
        2**2000,
        "\ud83d\ude00",
        "\\ud800",
        "\\\ud800",
        timedelta.min,
        timedelta.max,
        datetime.min,
        datetime.max.replace(tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Paris")),
        datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Paris")),
        datetime(1900, 1, 1, tzinfo=timezone(timedelta(seconds=561, microseconds=5))),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2), "CEST")),
        time(1, 2, tzinfo=ZoneInfo("Asia/Tokyo")),
        ipaddress.ip_address("fe80::1%eth0"),
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("2001:db8::/32"),
        ipaddress.ip_interface("10.0.0.1/8"),
        ipaddress.ip_interface("2001:db8::1/32"),
        complex(-0.0, float("nan")),
        array(WIDE, "é"),
        array("f"),
        array("d", [float("nan"), float("-inf")]),
        deque([1], maxlen=3),
        UUID(int=0),
        -0.0,
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_odd_value_comes_back_the_same(value: object) -> None:
    assert is_same(through_json(value), value)


def test_a_long_integer_does_not_depend_on_the_digit_limit_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert through_json(7**1500) == 7**1500
    finally:
        sys.set_int_max_str_digits(limit)


@pytest.mark.parametrize(
    "view",
    [
        memoryview(b"text"),
        memoryview(b"\x00\xff"),
        memoryview(bytearray(b"x")),
        memoryview(array("d", [1.5, 2.5])),
        memoryview(bytes(6)).cast("B", [2, 3]),
        memoryview(b"abcdef")[::2],
    ],
)
def test_a_memoryview_keeps_its_format_and_shape(view: memoryview) -> None:
    found = through_json(view)
    assert type(found) is memoryview
    assert (found, found.format, found.shape) == (view, view.format, view.shape)


def test_the_zone_of_utc_is_the_one_everybody_compares_with() -> None:
    found = through_json(datetime(2026, 1, 1, tzinfo=UTC))
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


def test_the_order_of_a_dict_is_kept_and_sets_have_a_stable_one() -> None:
    assert list(through_json({"b": 1, "a": 2, 3: 4})) == ["b", "a", 3]  # type: ignore[call-overload]
    assert encode({"b", "a", 3}) == {"$set": ["a", "b", 3]}
