"""What recording keeps of a driver's calls, and what it leaves alone."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from opentelemetry.instrumentation.sqlalchemy import engine

from tests.core.tracing import Recording, recording, request
from timetracer_otel.capture.sqlalchemy import LIBRARY
from timetracer_otel.dbapi import Origin, RecordingConnection
from timetracer_otel.ownership import owned, owning
from timetracer_otel.patching import Ledger
from timetracer_otel.protocols.sql import SqlInteraction


def _connection(factory: type[sqlite3.Connection] = sqlite3.Connection) -> Any:
    origin = Origin(library="sqlite3", system="sqlite", driver="sqlite3", server="shop.db")
    real = sqlite3.connect(":memory:", factory=factory, check_same_thread=False)
    return RecordingConnection(real, origin)


def _kept(recorded: Recording) -> list[SqlInteraction]:
    (cassette,) = recorded.cassettes()
    return [one for one in cassette.interactions if isinstance(one, SqlInteraction)]


_MANY = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
    SELECT i, 'a row of some length' FROM n
"""


def test_a_million_rows_are_cut_marked_and_never_held() -> None:
    with recording(max_rows=500) as recorded:
        connection = _connection()
        with request(recorded):
            cursor = connection.cursor().execute(_MANY)
            count = most = 0
            for size in (1, 300, *[5000] * 201):
                count += len(cursor.fetchmany(size))
                most = max(most, len(cursor._self_call.answer.rows))
            connection.close()
        (kept,) = _kept(recorded)
        (cassette,) = recorded.cassettes()
    assert count == 1_000_000
    assert most == 301
    assert kept.response is not None
    assert kept.response.truncated
    assert [cut.what for cut in cassette.dropped] == ["rows"]


def test_rows_fetched_one_by_one_are_cut_at_the_very_limit() -> None:
    with recording(max_rows=500) as recorded:
        connection = _connection()
        with request(recorded):
            cursor = connection.execute(_MANY)
            for _ in range(2000):
                cursor.fetchone()
            cursor.close()
        connection.close()
        (kept,) = _kept(recorded)
    assert kept.response is not None
    assert kept.response.truncated
    assert len(kept.response.rows) == 500


def test_rows_fetched_one_by_one_are_all_there_while_the_cursor_is_open() -> None:
    with recording() as recorded:
        connection = _connection()
        with request(recorded):
            cursor = connection.execute(_MANY)
            seen = [cursor.fetchone() for _ in range(137)]
        (kept,) = _kept(recorded)
        cursor.close()
        connection.close()
    assert kept.response is not None
    assert [tuple(row) for row in kept.response.rows] == seen


def test_a_value_that_changes_later_is_kept_as_it_was() -> None:
    with recording() as recorded:
        connection = _connection()
        connection.row_factory = lambda _, row: (list(row), bytearray(b"before"))
        with request(recorded):
            cursor = connection.execute("SELECT 1 UNION SELECT 2 UNION SELECT 3")
            for number, blob in cursor:
                number.append("after")
                blob.extend(b" and after")
        connection.close()
        (kept,) = _kept(recorded)
    assert kept.response is not None
    assert kept.response.rows == [[[n], {"$bytearray": "before"}] for n in (1, 2, 3)]


def test_parameters_are_kept_as_they_were_asked_and_iterators_are_left_alone() -> None:
    with recording() as recorded:
        connection = _connection()
        with request(recorded):
            connection.execute("CREATE TABLE t (a)")
            values = [1]
            connection.execute("INSERT INTO t VALUES (?)", values)
            values.append(2)
            connection.executemany("INSERT INTO t VALUES (?)", ((n,) for n in range(5)))
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (6,)
        connection.close()
        kept = _kept(recorded)
    assert kept[1].request.parameters == [1]


def test_a_proxy_has_what_the_drivers_own_has_and_no_more() -> None:
    def execute(_: object) -> Any:  # as psycopg2's connections have none
        raise AttributeError("execute")

    plain = type("Plain", (sqlite3.Connection,), {"execute": property(execute)})
    with recording():
        connection = _connection(plain)
        assert not hasattr(connection, "execute")
        assert hasattr(connection, "executemany")
        assert not hasattr(connection.cursor(), "callproc")
        assert isinstance(connection, sqlite3.Connection)
        connection.close()


def test_errors_and_rows_before_them_are_kept() -> None:
    with recording() as recorded:
        connection = _connection()
        with request(recorded):
            statement = "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT abs(-9223372036854775808)"
            cursor = connection.execute(statement)
            assert cursor.fetchone() == (1,)
            with pytest.raises(sqlite3.OperationalError, match="integer overflow"):
                cursor.fetchone()
        connection.close()
        (kept,) = _kept(recorded)
    assert kept.response is not None and kept.response.error is not None
    assert kept.response.rows == [[1]]
    assert kept.response.error.stage == "fetch"


def test_the_outermost_layer_owns_what_it_opens() -> None:
    assert owned() == ""
    with owning("sqlalchemy"):
        assert owned() == "sqlalchemy"
    assert owned() == ""


def test_a_pool_that_pings_asks_the_same_each_time() -> None:
    origin = Origin(library="sqlite3", system="sqlite", driver="sqlite3")
    asked = []
    with origin.setting_up():
        for _ in range(3):
            origin.setting("autocommit", True)
            asked.append(origin.ref("execute", "SELECT 1", None).after)
            origin.setting("autocommit", False)
    assert asked == [("autocommit = True",)] * 3


def test_what_telemetry_reads_of_a_connection_is_not_recorded() -> None:
    """OpenTelemetry's instrumentor asks for the database's name before each statement."""

    class Connection(sqlite3.Connection):
        db = "shop"

    with recording() as recorded:
        ledger = Ledger()
        ledger.apply(LIBRARY.changes)
        try:
            connection = _connection(Connection)
            with request(recorded):
                cursor = connection.execute("SELECT 1")
                name = engine._get_db_name_from_cursor_or_conn("mysql", None, cursor)
                connection.close()
        finally:
            ledger.restore()
        kept = _kept(recorded)
    assert name == "shop"
    assert [one.title for one in kept if one.request.operation[:1] == "."] == []
