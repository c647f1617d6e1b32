"""What makes two statements the same question."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from timetracer_otel.protocols.sql import SqlRequestRef, encode_request, key, loose_key, title


def _request(statement: str = "SELECT 1", parameters: object = None, **fields: Any) -> Any:
    return encode_request(
        SqlRequestRef("execute", "postgresql", "psycopg", statement, parameters, **fields)
    )


def _key(statement: str = "SELECT 1", parameters: object = None, **fields: Any) -> str:
    return key(_request(statement, parameters, **fields))


def test_comments_that_tracing_adds_do_not_count() -> None:
    assert _key("SELECT 1 /*traceparent='00-abc'*/") == _key("SELECT 1")


def test_names_of_savepoints_do_not_count() -> None:
    assert _key("SAVEPOINT sa_savepoint_1") == _key("SAVEPOINT sa_savepoint_7")
    assert _key("SAVEPOINT mine_1") != _key("SAVEPOINT mine_7")
    django = 'RELEASE SAVEPOINT "s140102464990080_x{}"'
    assert _key(django.format(1)) == _key(django.format(2).replace("140102464990080", "139"))
    drawn = "SAVEPOINT s{};".format
    assert _key(drawn(uuid.UUID(int=1).hex)) == _key(drawn(uuid.UUID(int=2**99).hex))


def test_expanded_lists_count_by_their_length_and_values() -> None:
    two = "SELECT * FROM t WHERE id IN (%(id_1_1)s, %(id_1_2)s)"
    assert _key(two, {"id_1_1": 1, "id_1_2": 2}) == _key(two, {"id_1_2": 2, "id_1_1": 1})
    assert _key(two, {"id_1_1": 1, "id_1_2": 2}) != _key(two, {"id_1_1": 1, "id_1_2": 3})


def test_parameters_count_by_value_in_whatever_order_or_sequence() -> None:
    assert _key("s", {"a": 1, "b": [2]}) == _key("s", {"b": (2,), "a": 1})
    assert _key("s", (1, "x")) == _key("s", [1, "x"])
    assert _key("s", [(1,), (2,)]) == _key("s", ([1], [2]))


def test_values_that_a_database_tells_apart_are_told_apart() -> None:
    assert _key("s", (True,)) != _key("s", (1,))
    assert _key("s", ("1",)) != _key("s", (1,))
    assert _key("s", (b"1",)) != _key("s", ("1",))


def test_each_database_is_asked_for_itself() -> None:
    assert _key(server="db:5432/shop") != _key(server="db:5432/stock")


def test_what_was_set_before_counts_while_a_connection_is_set_up() -> None:
    assert _key(after=("isolation_level = 4",)) != _key()


def test_literals_drawn_anew_match_loosely() -> None:
    one = ("a", uuid.UUID(int=1), dt.datetime(2024, 1, 1, 1, 2, 3))
    other = ("a", uuid.UUID(int=2), dt.datetime(2025, 2, 2, 3, 2, 1))
    assert _key("s", one) != _key("s", other)
    assert loose_key(_request("s", one)) == loose_key(_request("s", other))
    assert loose_key(_request("s", ("b", *one[1:]))) != loose_key(_request("s", one))


def test_a_connection_that_failed_is_named_by_its_server() -> None:
    ref = SqlRequestRef("connect", "postgresql", "psycopg", server="db:5432/shop")
    assert title(encode_request(ref)) == "CONNECT db:5432/shop"
