"""Types of database drivers come back as the driver's own."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from tests.values.sameness import is_same, through_json
from timetracer_otel.values import (
    decode,
    encode,
    encode_rows,
    is_immutable,
    snapshot,
    snapshot_rows,
)


def asyncpg_values() -> list[Any]:
    import asyncpg
    from asyncpg.pgproto import pgproto

    bits: Any = asyncpg.BitString
    return [
        pgproto.UUID("12345678123456781234567812345678"),
        asyncpg.Range(1, 5),
        asyncpg.Range(empty=True),
        asyncpg.Range(None, date(2026, 1, 1), upper_inc=True),
        asyncpg.Range(Decimal("1.5"), None, lower_inc=False),
        asyncpg.Point(1, float("inf")),
        asyncpg.Box((3, 4), (1, 2)),
        asyncpg.Line(1, 2, 3),
        asyncpg.LineSegment((1, 2), (3, 4)),
        asyncpg.Circle(asyncpg.Point(1, 2), 3.5),
        *map(bits, ("", "0", "0101", "1" * 8, "000000001")),
    ]


def psycopg_values() -> list[Any]:
    from psycopg.types import multirange, numeric
    from psycopg.types import range as ranges

    return [
        ranges.Range(1, 5),
        ranges.Range(None, None, "()"),
        ranges.Range(empty=True),
        ranges.DateRange(date(2026, 1, 1), None, "[)"),
        ranges.TimestamptzRange(datetime(2026, 1, 1, tzinfo=UTC)),
        multirange.Multirange([ranges.Range(1, 2), ranges.Range(4, 5, "[]")]),
        multirange.Int4Multirange([]),
        numeric.Int2(5),
        numeric.Int8(2**62),
        numeric.IntNumeric(10**30),
        numeric.Oid(26),
        numeric.Float4(1.5),
        numeric.Float8(float("nan")),
    ]


def psycopg2_values() -> list[Any]:
    from psycopg2 import extras

    return [
        extras.NumericRange(1, 5),
        extras.NumericRange(None, 5, "[]"),
        extras.NumericRange(empty=True),
        extras.DateRange(date(2026, 1, 1), None),
        extras.DateTimeRange(datetime(2026, 1, 1), datetime(2026, 1, 2), "(]"),
        extras.DateTimeTZRange(datetime(2026, 1, 1, tzinfo=UTC)),
        extras.Inet("10.0.0.1"),
    ]


def bson_values() -> list[Any]:
    import bson
    from bson.datetime_ms import DatetimeMS
    from bson.son import SON

    return [
        bson.ObjectId("65a000000000000000000001"),
        bson.Decimal128("1.20"),
        bson.Decimal128("-NaN"),
        bson.Decimal128("1E+6000"),
        bson.Int64(5),
        bson.Int64(2**62),
        bson.Binary(b"\x00\xff", 4),
        bson.Binary(b"text", 128),
        bson.Regex("^a", "im"),
        bson.Regex(b"^\xff"),
        bson.Timestamp(1, 2),
        bson.MinKey(),
        bson.MaxKey(),
        bson.Code("f()"),
        bson.Code("f(a)", {"a": bson.Int64(1)}),
        bson.DBRef("users", bson.ObjectId("65a000000000000000000001")),
        bson.DBRef("users", 7, "shop", role="owner"),
        SON([("b", 1), ("a", SON([("$c", 2)]))]),
        DatetimeMS(2**50),
        DatetimeMS(-(2**62)),
    ]


FAMILIES = [asyncpg_values, psycopg_values, psycopg2_values, bson_values]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_value_of_a_driver_comes_back_of_its_own_class_and_equal(
    family: Any,
) -> None:
    pytest.importorskip(family.__name__.partition("_")[0])
    for value in family():
        found = through_json(value)
        assert is_same(found, value), (found, value)
        comparison: Any = type(value).__eq__
        if comparison != object.__eq__ and "nan" not in repr(value).lower():
            assert found == value


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_what_a_driver_gives_is_never_opaque_nor_degraded(family: Any) -> None:
    pytest.importorskip(family.__name__.partition("_")[0])
    for value in family():
        written = encode(value)
        assert isinstance(written, dict)
        (tag,) = written
        assert tag == f"${family.__name__.partition('_')[0]}.{type(value).__name__}"


def test_asyncpg_paths_and_polygons_keep_their_points_and_whether_they_are_closed() -> None:
    asyncpg = pytest.importorskip("asyncpg")
    for value in (
        asyncpg.Path((1, 2), (3, 4), is_closed=True),
        asyncpg.Path((1, 2), is_closed=False),
        asyncpg.Polygon((0, 0), (1, 0), (0, 1)),
    ):
        found = through_json(value)
        assert (type(found), found) == (type(value), value)


def record(names: list[str], *values: object) -> Any:
    pytest.importorskip("asyncpg")
    document: Any = {"columns": names, "values": [encode(value) for value in values]}
    return decode({"$asyncpg.Record": document})


def test_an_asyncpg_record_keeps_columns_of_one_name() -> None:
    import asyncpg

    value = record(["id", "name", "id"], 1, "x", Decimal(2))
    found: Any = through_json(value)
    assert type(found) is asyncpg.Record
    assert list(found.items()) == [("id", 1), ("name", "x"), ("id", Decimal(2))]
    assert (found["id"], tuple(found)) == (Decimal(2), (1, "x", Decimal(2)))


def test_asyncpg_records_are_rows_like_any_other() -> None:
    rows = [record(["id", "name"], number, "x") for number in range(20)]
    assert encode_rows(rows) == [[number, "x"] for number in range(20)]
    assert all(one is other for one, other in zip(snapshot_rows(rows), rows, strict=True))


def test_an_asyncpg_record_is_copied_only_if_something_in_it_can_change() -> None:
    plain, mutable = record(["a"], 1), record(["a"], {"b": [1]})
    kept: Any = snapshot(mutable)
    mutable["a"]["b"].append(2)
    assert snapshot(plain) is plain
    assert kept["a"] == {"b": [1]}


def test_json_wrappers_keep_what_they_wrap_even_if_it_changes_later() -> None:
    json = pytest.importorskip("psycopg.types.json")
    extras = pytest.importorskip("psycopg2.extras")
    for kind, attribute in (
        (json.Json, "obj"),
        (json.Jsonb, "obj"),
        (extras.Json, "adapted"),
    ):
        wrapped = {"a": [1]}
        kept = snapshot(kind(wrapped))
        wrapped["a"].append(2)
        found = through_json(kept)
        assert type(found) is kind
        assert getattr(found, attribute) == {"a": [1]}


def test_psycopg2_binary_keeps_the_buffer_it_adapts() -> None:
    extensions = pytest.importorskip("psycopg2.extensions")
    found: Any = through_json(extensions.Binary(bytearray(b"\xff")))
    assert type(found) is extensions.Binary
    assert (found.adapted, type(found.adapted)) == (b"\xff", bytearray)


def test_the_time_zones_of_drivers_come_back_as_their_own() -> None:
    tz = pytest.importorskip("psycopg2.tz")
    tz_util = pytest.importorskip("bson.tz_util")
    for zone in (
        tz.FixedOffsetTimezone(timedelta(hours=2)),
        tz.FixedOffsetTimezone(timedelta(hours=2), "CEST"),
        tz_util.FixedOffset(timedelta(minutes=90), "odd"),
    ):
        moment = datetime(2026, 1, 1, tzinfo=zone)
        found: Any = through_json(moment)
        assert found == moment
        assert repr(found) == repr(moment)
    found = through_json(datetime(2026, 1, 1, tzinfo=tz_util.utc))
    assert found.tzinfo is tz_util.utc


def test_a_column_of_a_driver_type_is_immutable_and_kept_as_it_is() -> None:
    bson = pytest.importorskip("bson")
    assert is_immutable(bson.ObjectId)
    assert not is_immutable(pytest.importorskip("bson.son").SON)


def test_son_is_copied_with_its_order() -> None:
    son = pytest.importorskip("bson.son").SON([("b", [1]), ("a", 2)])
    kept: Any = snapshot(son)
    son["b"].append(2)
    assert (type(kept), list(kept.items())) == (type(son), [("b", [1]), ("a", 2)])


def test_a_class_that_carries_the_name_of_a_driver_class_is_not_taken_for_it() -> None:
    pytest.importorskip("bson")
    spoof = type("ObjectId", (str,), {"__module__": "bson.objectid"})
    written = encode(spoof("x"))
    assert written == {"$subclass": {"type": "bson.objectid.ObjectId", "value": "x"}}


def test_the_other_package_named_bson_is_not_taken_for_pymongos(tmp_path: Path) -> None:
    home = tmp_path / "bson"
    home.mkdir()
    (home / "__init__.py").write_text("from bson.objectid import ObjectId\n")
    (home / "objectid.py").write_text("class ObjectId:\n    def __repr__(self): return 'other'\n")
    probe = (
        "import bson\n"
        "from timetracer_otel.values import decode, encode\n"
        "assert encode(bson.ObjectId()) == {'$opaque': {'type': 'bson.objectid.ObjectId', "
        "'repr': 'other'}}\n"
        "try: decode({'$bson.ObjectId': '0' * 24})\n"
        "except Exception as error: assert 'pip install pymongo' in str(error), error\n"
        "else: raise AssertionError\n"
    )
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{probe}",
        ],
        check=True,
    )


def test_a_class_gone_from_the_installed_driver_is_said_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("asyncpg")
    monkeypatch.setitem(sys.modules, "asyncpg.pgproto.types", ModuleType("emptied"))
    with pytest.raises(Exception, match=r"asyncpg\.pgproto\.types\.Point"):
        decode({"$asyncpg.Point": [1.0, 2.0]})


def test_an_asyncpg_uuid_equals_the_standard_one_after_the_way_there_and_back() -> None:
    pgproto = pytest.importorskip("asyncpg.pgproto.pgproto")
    assert through_json(pgproto.UUID("0" * 31 + "7")) == UUID(int=7)
