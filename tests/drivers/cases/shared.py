"""Cases: what every synchronous driver of DB-API can do."""

from __future__ import annotations

import datetime as dt
import decimal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from opentelemetry import trace as otel

from tests.drivers.bench import DRIVERS, Bench, case

ALL = ("psycopg2", "psycopg", "sqlite3", "pymysql", "mysqlclient")
SERVERS = ("psycopg2", "psycopg", "pymysql", "mysqlclient")


def table(bench: Bench, connection: Any, rows: int = 0) -> str:
    """A table of the case's own, committed."""
    name = f"t_{bench.name}"
    key = {
        "postgresql": "serial PRIMARY KEY",
        "mysql": "INT AUTO_INCREMENT PRIMARY KEY",
        "sqlite": "INTEGER PRIMARY KEY",
    }[DRIVERS[bench.driver]]
    cursor = connection.cursor()
    cursor.execute(f"DROP TABLE IF EXISTS {name}")
    cursor.execute(f"CREATE TABLE {name} (id {key}, name VARCHAR(20) UNIQUE, n INT)")
    if rows:
        insert = f"INSERT INTO {name} (name, n) VALUES ({bench.marks(2)})"
        cursor.executemany(insert, [(f"n{n}", n) for n in range(rows)])
    connection.commit()
    cursor.close()
    return name


@case(*ALL)
def statements(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.cursor()
    insert = f"INSERT INTO {name} (name, n) VALUES ({bench.marks(2)})"
    bench.note(returned=cursor.execute(insert, ("a", 1)) is cursor, count=cursor.rowcount)
    bench.note(last=cursor.lastrowid if hasattr(cursor, "lastrowid") else None)
    cursor.execute(insert, ["b", None])
    cursor.execute(f"SELECT * FROM {name} ORDER BY id")
    bench.note([tuple(column)[:2] for column in cursor.description], cursor.rowcount)
    bench.note(cursor.fetchall(), cursor.fetchone(), cursor.fetchall())
    cursor.execute(f"UPDATE {name} SET n = 7")
    bench.note(cursor.rowcount, cursor.description)
    cursor.execute(f"DELETE FROM {name} WHERE n > {bench.marks(1)}", (99,))
    bench.note(cursor.rowcount)
    connection.commit()
    connection.close()


@case(*ALL)
def ways_to_fetch(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection, rows=9)
    cursor = connection.cursor()
    query = f"SELECT id, name FROM {name} ORDER BY id"
    cursor.execute(query)
    bench.note(cursor.arraysize, cursor.fetchone(), cursor.fetchmany(2), cursor.fetchmany())
    bench.note(cursor.fetchmany(size=1), cursor.fetchall(), cursor.fetchone())
    cursor.execute(query)
    bench.note(list(iter(cursor)))
    cursor.execute(query)
    bench.note(next(iter(cursor)), list(cursor))
    cursor.execute(query)
    cursor.arraysize = 3
    bench.note(cursor.fetchmany(), cursor.arraysize)
    cursor.close()
    connection.close()


@case(*ALL)
def many_at_once(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.cursor()
    insert = f"INSERT INTO {name} (name, n) VALUES ({bench.marks(2)})"
    cursor.executemany(insert, ((f"g{n}", n) for n in range(5)))
    bench.note(cursor.rowcount)
    cursor.executemany(insert, [])
    connection.commit()
    cursor.execute(f"SELECT COUNT(*), MAX(n) FROM {name}")
    bench.note(cursor.fetchone())
    connection.close()


@case(*ALL)
def transactions(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.cursor()
    insert = f"INSERT INTO {name} (name) VALUES ({bench.marks(1)})"
    cursor.execute(insert, ("kept",))
    bench.note(connection.commit())
    cursor.execute(insert, ("gone",))
    bench.note(connection.rollback())
    cursor.execute("SAVEPOINT one")
    cursor.execute(insert, ("undone",))
    cursor.execute("ROLLBACK TO SAVEPOINT one")
    cursor.execute("RELEASE SAVEPOINT one")
    connection.commit()
    cursor.execute(f"SELECT name FROM {name}")
    bench.note(cursor.fetchall())
    connection.close()


@case(*ALL)
def errors(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection, rows=1)
    cursor = connection.cursor()
    for statement in (
        "SELEKT 1",
        "SELECT * FROM nowhere",
        f"SELECT nothing FROM {name}",
        f"INSERT INTO {name} (name) VALUES ('n0')",
        f"INSERT INTO {name} (id, name) VALUES (1, 'x')",
        f"CREATE TABLE {name} (id INT)",
    ):
        bench.tried(lambda statement=statement: cursor.execute(statement))
        connection.rollback()
    bench.tried(lambda: cursor.execute(f"SELECT {bench.marks(1)}", (1, 2)))
    connection.rollback()
    bench.tried(lambda: cursor.execute(f"SELECT {bench.marks(1)}", (object,)))
    connection.rollback()
    cursor.execute("SELECT 1")
    bench.note(cursor.fetchone())
    connection.close()


@case(*ALL)
def errors_are_caught_by_their_classes(bench: Bench) -> None:
    module = bench.module
    connection = bench.connect()
    name = table(bench, connection, rows=1)
    try:
        connection.cursor().execute(f"INSERT INTO {name} (name) VALUES ('n0')")
    except module.IntegrityError as error:
        bench.note(type(error), isinstance(error, module.DatabaseError))
    connection.rollback()
    bench.note(isinstance(connection, type(connection)), connection.Error is module.Error)
    connection.close()


@case(*ALL)
def without_a_result(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    bench.note(cursor.description, cursor.rowcount)
    bench.tried(cursor.fetchone)
    bench.tried(cursor.fetchall)
    cursor.execute("CREATE TEMPORARY TABLE nothing_yet (id INTEGER)")
    bench.note(cursor.description)
    bench.tried(cursor.fetchone)
    connection.close()


@case(*ALL)
def closed_things(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    cursor.close()
    bench.tried(lambda: cursor.execute("SELECT 1"))
    bench.tried(cursor.fetchone)
    connection.close()
    bench.tried(lambda: connection.cursor().execute("SELECT 1"))
    bench.tried(connection.commit)


@case(*ALL)
def values_of_many_types(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    values: list[Any] = [1, -(2**40), 1.5, "ä€😀", "", None, "a'b\"c\\d%%"]
    if bench.driver != "sqlite3":
        values += [decimal.Decimal("1.20"), dt.date(2024, 2, 29), True]
        values += [dt.datetime(2024, 2, 29, 12, 30, 1, 5), dt.timedelta(hours=5)]
    if bench.driver not in {"pymysql", "mysqlclient"}:  # they send them as text
        values.append(b"\x00\xff")
    for value in values:
        cursor.execute(f"SELECT {bench.marks(1)} AS v", (value,))
        bench.note(cursor.fetchone())
    connection.close()


@case(*ALL)
def columns_of_the_same_name(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT 1 AS a, 2 AS a, 3 AS b")
    bench.note([column[0] for column in cursor.description], cursor.fetchone())
    connection.close()


@case(*ALL)
def types_and_attributes(bench: Bench) -> None:
    module = bench.module
    connection = bench.connect()
    cursor = connection.cursor()
    kinds = {
        "psycopg2": ("extensions.connection", "extensions.cursor"),
        "psycopg": ("Connection", "Cursor"),
        "sqlite3": ("Connection", "Cursor"),
        "pymysql": ("connections.Connection", "cursors.Cursor"),
        "mysqlclient": ("connections.Connection", "cursors.Cursor"),
    }[bench.driver]
    for kind, value in zip(kinds, (connection, cursor), strict=True):
        found: Any = module
        for part in kind.split("."):
            found = getattr(found, part)
        bench.note(isinstance(value, found), type(value).__name__, type(value).__module__)
    cursor.execute("SELECT 1")
    bench.note(cursor.connection is connection, hasattr(connection, "no_such_thing"))
    connection.close()


@case(*SERVERS)
def connections_that_are_refused(bench: Bench) -> None:
    import json
    import os

    address = json.loads(os.environ["ADDRESS"])
    module = bench.module
    if isinstance(address, dict):
        bench.tried(lambda: module.connect(**{**address, "password": "wrong"}))
        bench.tried(lambda: module.connect(**{**address, "port": 9}))
        bench.tried(lambda: module.connect(**{**address, "database": "nowhere"}))
        return
    bench.tried(lambda: module.connect(address, password="wrong"))
    bench.tried(lambda: module.connect(address, port=9))
    bench.tried(lambda: module.connect(address, dbname="nowhere"))


@case(*ALL)
def one_statement_in_many_threads(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection, rows=1)
    connection.close()

    def one(number: int) -> Any:
        mine = bench.connect()
        cursor = mine.cursor()
        with otel.get_tracer("tests").start_as_current_span(f"task {number}"):
            cursor.execute(f"UPDATE {name} SET n = n + 1")
            cursor.execute(f"SELECT n FROM {name}")
            found = cursor.fetchone()[0]
            mine.commit()
        mine.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(one, n) for n in range(6)]]
    bench.note(found, sorted(found))


@case(*ALL)
def one_interaction_a_call(bench: Bench) -> None:
    """However many layers trace it; what was written is looked at by the test."""
    connection = bench.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT 'only once'")
    bench.note(cursor.fetchall())
    connection.close()
