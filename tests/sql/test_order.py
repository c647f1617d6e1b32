"""What has no order in SQL matches in any, and rows are served as they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.replay.cassettes import select
from timetracer_otel.protocols.sql import SQL, SqlRequest
from timetracer_otel.protocols.sql_order import column_order, unordered


def _request(statement: str, parameters: Any = None, system: str = "postgresql") -> SqlRequest:
    return SqlRequest(
        operation="execute", system=system, statement=statement, parameters=parameters
    )


SAME = [
    ('SELECT "a","b" FROM t', 'SELECT "b","a" FROM t'),
    ("SELECT t.a, t.b AS c, d e FROM t", "SELECT d e, t.b AS c, t.a FROM t"),
    (
        "select `a`,`b` from t where x = 'it''s, from'",
        "select `b`,`a` from t where x = 'it''s, from'",
    ),
    ("SELECT a FROM t WHERE x IN (1, 2, 'b')", "SELECT a FROM t WHERE x IN ('b', 2, 1)"),
    ("SELECT n, count(*) FROM t GROUP BY n, m, o", "SELECT n, count(*) FROM t GROUP BY o, n, m"),
    ('TRUNCATE "a", "b" CASCADE;', 'TRUNCATE "b", "a" CASCADE;'),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_order_of_columns_members_and_groups_does_not_count(one: str, other: str) -> None:
    assert SQL.loose_key(_request(one)) == SQL.loose_key(_request(other))
    assert SQL.key(_request(one)) != SQL.key(_request(other))


ANOTHER = [
    ("SELECT DISTINCT a, b FROM t", "SELECT DISTINCT b, a FROM t"),
    ("SELECT a, b FROM t ORDER BY 1", "SELECT b, a FROM t ORDER BY 1"),
    ("SELECT a, b FROM t GROUP BY 2, a", "SELECT b, a FROM t GROUP BY 2, a"),
    ("SELECT a, b FROM t UNION SELECT c, d FROM u", "SELECT b, a FROM t UNION SELECT c, d FROM u"),
    ("SELECT a, max(b) FROM t", "SELECT max(b), a FROM t"),
    ("SELECT a, 1 FROM t", "SELECT 1, a FROM t"),
    ("SELECT a AS b, c FROM t", "SELECT a AS c, b FROM t"),
    ("SELECT x FROM t GROUP BY a, b WITH ROLLUP", "SELECT x FROM t GROUP BY b, a WITH ROLLUP"),
    ("SELECT a FROM t WHERE x IN (1, 2)", "SELECT a FROM t WHERE x IN (1, 3)"),
    ("SELECT a FROM t ORDER BY b, c", "SELECT a FROM t ORDER BY c, b"),
    ("TRUNCATE a, b RESTART IDENTITY", "TRUNCATE b RESTART IDENTITY"),
    ("SELECT f(1, 2) FROM t", "SELECT f(2, 1) FROM t"),
    ("SELECT a FROM t WHERE x = 'IN (1, 2)'", "SELECT a FROM t WHERE x = 'IN (2, 1)'"),
]


@pytest.mark.parametrize(("one", "other"), ANOTHER)
def test_an_order_that_says_something_counts(one: str, other: str) -> None:
    assert SQL.loose_key(_request(one)) != SQL.loose_key(_request(other))


@pytest.mark.parametrize(
    ("statement", "one", "other"),
    [
        ("SELECT a FROM t WHERE x = $1 AND y IN ($2, $3)", ["q", 1, 2], ["q", 2, 1]),
        ("SELECT a FROM t WHERE x = ? AND y IN (?, ?)", ["q", 1, 2], ["q", 2, 1]),
        ("SELECT a FROM t WHERE y IN (%(p)s, %(q)s)", {"p": 1, "q": 2}, {"p": 2, "q": 1}),
        ("SELECT a FROM t WHERE y = ANY($1::int[])", [[1, 2, 3]], [[3, 1, 2]]),
        ("DELETE FROM t WHERE y IN (%s, %s)", ["a", "b"], ["b", "a"]),
        ("INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)", [1, "a", 2, "b"], [2, "b", 1, "a"]),
        ("INSERT INTO t VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING", [1, 2, 3, 4], [3, 4, 1, 2]),
    ],
)
def test_the_order_of_parameters_in_a_set_does_not_count(
    statement: str, one: Any, other: Any
) -> None:
    assert unordered(statement, one, "") == unordered(statement, other, "")


@pytest.mark.parametrize(
    ("statement", "one", "other"),
    [
        ("SELECT a FROM t WHERE x = ? AND y IN (?, ?)", [1, 2, 3], [2, 1, 3]),
        ("INSERT INTO t (a, b) VALUES (?, ?), (?, ?)", [1, "a", 2, "b"], [1, "b", 2, "a"]),
        ("INSERT INTO t VALUES (?), (?) RETURNING id", [1, 2], [2, 1]),
        ("UPDATE t SET a = ?, b = ?", [1, 2], [2, 1]),
    ],
)
def test_the_order_of_other_parameters_counts(statement: str, one: Any, other: Any) -> None:
    assert unordered(statement, one, "") != unordered(statement, other, "")


def test_rows_are_served_in_the_order_of_the_columns_that_are_asked_for() -> None:
    recorded = select('SELECT "id","name","at" FROM t', 1, 2)
    response = recorded.response
    assert response is not None
    response.columns = [["id"], ["name"], ["at"]]
    response.rows = [[1, "a", "x"], [2, "b", "y"]]
    fitted = SQL.fitted(recorded, _request('SELECT "at","id","name" FROM t'))
    assert fitted.response.columns == [["at"], ["id"], ["name"]]
    assert fitted.response.rows == [["x", 1, "a"], ["y", 2, "b"]]
    assert recorded.response is response
    assert response.rows == [[1, "a", "x"], [2, "b", "y"]]


def test_columns_of_one_name_are_told_apart_by_what_they_are() -> None:
    assert column_order("SELECT t.a, u.a FROM t, u", "SELECT u.a, t.a FROM t, u", "") == [1, 0]
    assert column_order("SELECT a, a FROM t", "SELECT a, a FROM t", "") is None
    assert column_order("SELECT a, b FROM t", "SELECT a, c FROM t", "") is None
