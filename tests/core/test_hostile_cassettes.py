"""Whatever a file holds, reading it gives a cassette or one error with a JSON path."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.test_cassette import a_cassette
from timetracer_otel.cassette import MAX_CASSETTE_BYTES, read_cassette, write_cassette
from timetracer_otel.errors import CassetteError, InvalidCassette

DOCUMENT = json.loads(write_cassette(a_cassette()))
DOCUMENT |= {
    "bootstrap": DOCUMENT["interactions"],
    "draws": [{"source": "os.urandom", "values": [1]}],
    "dropped": [{"what": "trace", "why": "time"}],
    "redaction": {"policy": "none"},
}
FAILED = {"type": "E", "module": "m", "cause": {"type": "E", "module": "m", "members": []}}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document."""
    found = [path]
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(item, (*path, key))
    return found


def replaced(path: tuple[Any, ...], value: Any) -> bytes:
    if not path:
        return json.dumps(value).encode()
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path
    holder = document
    for key in parents:
        holder = holder[key]
    holder[last] = value
    return json.dumps(document).encode()


def read_or_refuse(data: bytes) -> None:
    """Fails by whatever else is raised."""
    error = refusal_of(data)
    if isinstance(error, InvalidCassette):
        assert error.path.startswith("$")
        assert error.reason
    assert len(str(error)) < 1000


def refusal_of(data: bytes) -> CassetteError | None:
    try:
        write_cassette(read_cassette(data, file="f"))
    except CassetteError as error:
        return error
    return None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, -(10**30), "\ud800", "GET", FAILED, {"$bytes": "%"}]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(path=st.sampled_from(places(DOCUMENT)), value=json_values)
def test_any_value_at_any_place(path: tuple[Any, ...], value: Any) -> None:
    read_or_refuse(replaced(path, value))


@settings(max_examples=200, deadline=None)
@given(
    place=st.integers(0, len(json.dumps(DOCUMENT))),
    cut=st.integers(0, 30),
    new=st.binary(max_size=9),
)
def test_any_bytes_at_any_place(place: int, cut: int, new: bytes) -> None:
    data = json.dumps(DOCUMENT).encode()
    read_or_refuse(data[:place] + new + data[place + cut :])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_at_all(data: bytes) -> None:
    read_or_refuse(data)


@pytest.mark.parametrize(
    "literal",
    [b"NaN", b"1e999", b"-Infinity", b"9" * 100_000, b"[" * 5000 + b"]" * 5000, b'"\\ud800"'],
    ids=["nan", "overflow", "infinity", "many digits", "nested", "surrogate"],
)
def test_literals_that_readers_disagree_on_are_refused(literal: bytes) -> None:
    data = json.dumps(DOCUMENT).encode().replace(b'["a"]', literal, 1)
    with pytest.raises(InvalidCassette):
        read_cassette(data, file="f")


@pytest.mark.parametrize("moment", ["", "now", "2026-01-02", "2026-01-02T03:04:05.1+01:00Z", "٢"])
def test_a_moment_that_is_none_is_refused(moment: str) -> None:
    with pytest.raises(InvalidCassette) as caught:
        read_cassette(replaced(("recorded_at",), moment), file="f")
    assert caught.value.path == "$.recorded_at"


def test_an_entry_cannot_have_both_outcomes() -> None:
    with pytest.raises(InvalidCassette) as caught:
        read_cassette(replaced(("entry", "error"), FAILED), file="f")
    assert caught.value.path == "$.entry"


def test_millions_of_empty_arrays_are_refused_before_they_take_memory() -> None:
    literal = b"[" + b",".join([b"[]"] * (MAX_CASSETTE_BYTES // 4)) + b"]"
    data = json.dumps(DOCUMENT).encode().replace(b'["a"]', literal, 1)
    with pytest.raises(InvalidCassette, match="arrays and objects"):
        read_cassette(data, file="f")


def test_brackets_in_a_text_are_not_counted() -> None:
    text = '[{"\\' * 1_000_000
    data = replaced(("interactions", 0, "request", "statement"), text)
    assert read_cassette(data, file="f").interactions[0].request.statement == text  # type: ignore[union-attr]
