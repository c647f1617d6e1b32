"""A cassette may come from anywhere: decoding ends in a value or in one error, and runs nothing."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timetracer_otel.errors import OpaqueValueError, ValueDecodingError
from timetracer_otel.values import TAGS, decode

JUNK: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "999999999999", [], [[]], [1], [1, 2], ["a", "b"],
    [[1, 2, 3]], [[[], 1]], {}, {"iso": 1}, {"a": 1}, {"base64": "!"}, {"base64": 1},
    {"$tuple": []}, {"type": 1, "repr": 2}, {"typecode": "i", "values": "x"},
    {"format": "q", "shape": [1], "bytes": "x"}, {"values": [], "maxlen": -1},
    {"lower": 1, "upper": 2, "bounds": "[["}, {"columns": ["a"], "values": []},
]  # fmt: skip


@pytest.mark.parametrize("tag", sorted(TAGS))
def test_any_payload_gives_a_value_or_the_one_error(tag: str) -> None:
    for payload in JUNK:
        try:
            decode({tag: payload})
        except ValueDecodingError:
            continue


payloads = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(JUNK),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["iso", "zone", "fold", "base64", "a", *TAGS]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=6,
)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=400,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
@given(st.sampled_from(sorted(TAGS)), payloads)
def test_any_document_gives_a_value_or_the_one_error(tag: str, payload: Any) -> None:
    with contextlib.suppress(ValueDecodingError):
        decode({tag: payload})


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"$unknown": 1}, "unknown tag"),
        ({"$decimal": "1", "more": 2}, "stands alone"),
        ({"plain": 2, "$decimal": "1"}, "stands alone"),
        ({"$int": "9" * 10_000_000}, "digits"),
        ({"$int": " 1"}, "not an integer"),
        ({"$int": "1_0"}, "not an integer"),
        ({"$int": 5}, "a string was expected"),
        ({"$float": "1e5"}, "1e5"),
        ({"$decimal": "one"}, "Conversion"),
        ({"$set": [[]]}, "unhashable"),
        ({"$map": [[[], 1]]}, "unhashable"),
        ({"$map": [[1]]}, "2 items were expected, not 1"),
        ({"$range": [0, 1, 0]}, "zero"),
        ({"$str": "\\x"}, "backslash"),
        ({"$bytes": {"base64": "%"}}, "ase64|Only base64|Incorrect padding"),
        ({"$datetime": "yesterday"}, "yesterday"),
        (
            {"$datetime": {"iso": "2026-01-01", "zone": "../../etc/passwd"}},
            "not the name",
        ),
        ({"$datetime": {"iso": "2026-01-01", "zone": "Nowhere/City"}}, "tzdata"),
        ({"$datetime": {"iso": "2026-01-01", "other": 1}}, "other"),
        ({"$timedelta": "P1Y"}, "duration"),
        ({"$subclass": {"type": "os.system"}}, "missing fields"),
        ({"$asyncpg.BitString": "012"}, "bits"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_value_is_an_error_that_says_why(document: Any, reason: str) -> None:
    with pytest.raises(ValueDecodingError, match=reason):
        decode([document])


def test_the_error_names_the_tag_that_failed_and_not_the_ones_around() -> None:
    with pytest.raises(ValueDecodingError) as caught:
        decode({"$tuple": [{"$uuid": "nonsense"}]})
    assert caught.value.tag == "$uuid"


def test_a_float_needs_no_digits_of_an_integer() -> None:
    assert decode({"$int": "0x" + "f" * 100_000}) == 16**100_000 - 1


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"$tuple":[', '{"$map":[[1,'])
def test_deep_nesting_is_an_error_of_ours(opening: str) -> None:
    closing = {"[": "]", "{": "}"}
    tail = "".join(closing[c] for c in reversed(opening) if c in closing)
    with pytest.raises(ValueDecodingError, match="nested deeper"):
        decode(json.loads(opening * 200 + "1" + tail * 200))


def test_nesting_beyond_any_stack_is_an_error_of_ours() -> None:
    document: Any = []
    for _ in range(100_000):
        document = {"$tuple": [document]}
    with pytest.raises(ValueDecodingError, match="nested deeper"):
        decode(document)


def test_an_opaque_value_says_what_it_was() -> None:
    with pytest.raises(OpaqueValueError) as caught:
        decode({"$opaque": {"type": "app.Session", "repr": "<Session>"}})
    assert (caught.value.type_name, caught.value.text) == ("app.Session", "<Session>")


@pytest.mark.parametrize("value", [b"x", (1,), {1}, object()])
def test_what_json_cannot_say_is_no_document(value: Any) -> None:
    with pytest.raises(ValueDecodingError, match="not a type of JSON"):
        decode([value])


PROBE = """
import sys, json
from timetracer_otel.values import decode, encode, encode_rows, snapshot
snapshot([1, {"a": object()}]); encode([1.5, "a", object()]); encode_rows([(1, "a")] * 20)
decode(json.loads('[{"$subclass": {"type": "asyncpg.Record", "value": 1}}, {"$decimal": "1"}]'))
drivers = {"asyncpg", "psycopg", "psycopg2", "bson", "pymongo"} & sys.modules.keys()
sys.exit(f"imported {drivers}" if drivers else 0)
"""


def test_no_driver_is_imported_by_encoding_or_by_values_that_are_not_its_own() -> None:
    subprocess.run([sys.executable, "-c", PROBE], check=True)


def test_a_missing_driver_is_named_with_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("bson", "asyncpg")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "bson", None)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ValueDecodingError, match="pip install pymongo"):
        decode({"$bson.ObjectId": "0" * 24})
    with pytest.raises(ValueDecodingError, match="pip install asyncpg"):
        decode({"$asyncpg.Point": [1.0, 2.0]})
