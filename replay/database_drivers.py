"""What the connections and cursors of synchronous drivers are like, each by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timetracer_otel.replay.dbapi import Driver

__all__ = ["DRIVERS"]


def _sqlite(name: str) -> Driver:
    import sqlite3

    return Driver(
        name,
        connection=sqlite3.Connection,
        cursor=sqlite3.Cursor,
        fetch_zero="all",
        returns_cursor=True,
    )


def _psycopg(name: str) -> Driver:
    import psycopg

    def no_result() -> BaseException:
        return psycopg.ProgrammingError("the last operation didn't produce records")

    return Driver(
        name,
        connection=psycopg.Connection,
        cursor=psycopg.Cursor,
        described=list,
        fetch_zero="arraysize",
        returns_cursor=True,
        forgets_rowcount=True,  # when it is closed, and SQLAlchemy may read it later
        no_result=no_result,
    )


def _psycopg2(name: str) -> Driver:
    import psycopg2
    from psycopg2 import extensions

    def described(columns: list[Any]) -> tuple[Any, ...]:
        return tuple(extensions.Column(*column) for column in columns)

    def no_result() -> BaseException:
        return psycopg2.ProgrammingError("no results to fetch")

    return Driver(
        name,
        connection=extensions.connection,
        cursor=extensions.cursor,
        described=described,
        no_result=no_result,
    )


def _pymysql(name: str) -> Driver:
    from pymysql import connections, cursors

    return Driver(
        name, connection=connections.Connection, cursor=cursors.Cursor, rows_of=tuple
    )


DRIVERS: dict[str, Callable[[str], Driver]] = {
    "pysqlite": _sqlite,
    "psycopg": _psycopg,
    "psycopg2": _psycopg2,
    "pymysql": _pymysql,
}
