"""What the connections and cursors of synchronous drivers are like, each by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timetracer_otel.replay.dbapi import Driver

__all__ = ["DRIVERS", "psycopg_columns"]


def _sqlite(name: str) -> Driver:
    import sqlite3

    return Driver(
        name,
        connection=sqlite3.Connection,
        cursor=sqlite3.Cursor,
        fetch_zero="all",
        returns_cursor=True,
    )


def psycopg_columns(columns: list[Any]) -> list[Any]:
    """The `Column`s of psycopg itself, from the result that they are read out of."""
    import psycopg

    result = _Result(columns)
    return [psycopg.Column(result, place) for place in range(len(columns))]  # type: ignore[arg-type]


class _Result:
    """What `psycopg.Column` (3.1 to 3.3) asks of a cursor, its result and its adapters."""

    _encoding = "utf-8"

    def __init__(self, columns: list[Any]) -> None:
        from psycopg import adapters

        self.pgresult = self
        self.adapters = adapters
        self._columns = columns

    def fname(self, index: int) -> bytes:
        return str(self._columns[index][0]).encode()

    def ftype(self, index: int) -> Any:
        return self._columns[index][1]

    def fsize(self, index: int) -> Any:
        size = self._columns[index][3]
        return -1 if size is None else size

    def fmod(self, index: int) -> Any:
        return self._columns[index][7]


def _psycopg(name: str) -> Driver:
    import psycopg

    def no_result(executed: bool) -> BaseException:
        text = "the last operation didn't produce records" if executed else "no result available"
        return psycopg.ProgrammingError(text)

    return Driver(
        name,
        connection=psycopg.Connection,
        cursor=psycopg.Cursor,
        described=psycopg_columns,
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

    def no_result(_: bool) -> BaseException:
        error: BaseException = psycopg2.ProgrammingError("no results to fetch")
        return error

    return Driver(
        name,
        connection=extensions.connection,
        cursor=extensions.cursor,
        described=described,
        no_result=no_result,
    )


def _pymysql(name: str) -> Driver:
    from pymysql import connections, cursors, err

    def no_result(executed: bool) -> BaseException | None:
        error: BaseException = err.ProgrammingError("execute() first")
        return None if executed else error

    def rows_of(rows: list[Any]) -> Any:  # its dict cursor gives lists
        return rows if rows and type(rows[0]) is dict else tuple(rows)

    return Driver(
        name,
        connection=connections.Connection,
        cursor=cursors.Cursor,
        rows_of=rows_of,
        fetch_zero="arraysize",
        no_result=no_result,
    )


def _mysqldb(name: str) -> Driver:
    import MySQLdb
    from MySQLdb import connections, cursors

    def no_result(executed: bool) -> BaseException | None:
        error: BaseException = MySQLdb.ProgrammingError("execute() first")
        return None if executed else error

    return Driver(
        name,
        connection=connections.Connection,
        cursor=cursors.Cursor,
        rows_of=tuple,
        fetch_zero="arraysize",
        no_result=no_result,
    )


DRIVERS: dict[str, Callable[[str], Driver]] = {
    "pysqlite": _sqlite,
    "psycopg": _psycopg,
    "psycopg2": _psycopg2,
    "pymysql": _pymysql,
    "mysqldb": _mysqldb,
}
