"""Cases: what sqlite3 has besides DB-API."""

from __future__ import annotations

import sqlite3
from typing import Any

from tests.drivers.bench import Bench, case
from tests.drivers.cases.shared import table


@case("sqlite3")
def shortcuts_of_a_connection(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.execute(f"INSERT INTO {name} (name) VALUES (?)", ("a",))
    bench.note(isinstance(cursor, sqlite3.Cursor), cursor.lastrowid, cursor.rowcount)
    bench.note(connection.in_transaction, connection.total_changes)
    many = connection.executemany(f"INSERT INTO {name} (name) VALUES (:n)", [{"n": "b"}])
    bench.note(many.rowcount, many.lastrowid)
    connection.executescript(f"INSERT INTO {name} (name) VALUES ('c'); SELECT 1;")
    bench.note(connection.in_transaction, connection.execute(f"SELECT * FROM {name}").fetchall())
    bench.note([row for (row,) in connection.execute(f"SELECT name FROM {name} ORDER BY id DESC")])
    rows = connection.execute(f"INSERT INTO {name} (name) VALUES ('d') RETURNING id, name")
    bench.note(rows.fetchall(), rows.rowcount, rows.description)
    connection.commit()
    connection.close()


@case("sqlite3")
def row_factories(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection, rows=3)
    query = f"SELECT id, name AS Label FROM {name} ORDER BY id"
    connection.row_factory = sqlite3.Row
    row = connection.execute(query).fetchone()
    bench.note(type(row), tuple(row), row.keys(), row["label"], row["Label"], row[0], dict(row))
    bench.note(len(row), row == row, list(row), [tuple(r) for r in connection.execute(query)])
    bench.note([type(r) for r in connection.execute(query).fetchmany(2)])
    bench.note(connection.row_factory, connection.execute(query).row_factory)

    def as_dict(cursor: Any, row: Any) -> dict[str, Any]:
        return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}

    connection.row_factory = as_dict
    bench.note(connection.execute(query).fetchall())
    connection.row_factory = None
    cursor = connection.cursor()
    cursor.row_factory = lambda _, row: row[1]
    bench.note(cursor.execute(query).fetchall(), cursor.fetchone())
    cursor.row_factory = None
    bench.note(cursor.execute(query).fetchone())
    connection.close()


@case("sqlite3")
def classes_of_the_application(bench: Bench) -> None:
    class Mine(sqlite3.Connection):
        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(factory or Counting)

    class Counting(sqlite3.Cursor):
        count = 0

        def execute(self, *args: Any) -> Any:
            self.count += 1
            return super().execute(*args)

    connection = sqlite3.connect(bench.address, factory=Mine)
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    bench.note(isinstance(connection, Mine), isinstance(cursor, Counting), cursor.count)
    bench.note(cursor.fetchall(), type(connection.execute("SELECT 2")).__name__)
    plain = connection.cursor(sqlite3.Cursor)
    bench.note(plain.execute("SELECT 3").fetchone())
    connection.close()


@case("sqlite3")
def with_blocks_of_sqlite(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    with connection:
        connection.execute(f"INSERT INTO {name} (name) VALUES ('kept')")
    try:
        with connection:
            connection.execute(f"INSERT INTO {name} (name) VALUES ('kept')")
    except sqlite3.IntegrityError as error:
        bench.note(error, error.sqlite_errorcode, error.sqlite_errorname)
    bench.note(connection.in_transaction, connection.execute(f"SELECT * FROM {name}").fetchall())
    connection.close()


@case("sqlite3")
def in_memory(bench: Bench) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE pad (a, b)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO pad VALUES (1, x'00ff')")
    bench.note(connection.in_transaction, connection.isolation_level)
    connection.execute("COMMIT")
    bench.note(connection.in_transaction, connection.execute("SELECT * FROM pad").fetchall())
    connection.isolation_level = "IMMEDIATE"
    bench.note(connection.isolation_level)
    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    bench.note(copy.execute("SELECT a FROM pad").fetchall(), list(connection.iterdump()))
    bench.note(len(connection.serialize()))
    copy.close()
    connection.close()


@case("sqlite3")
def types_and_converters(bench: Bench) -> None:
    import datetime as dt
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)
    sqlite3.register_converter("shout", lambda text: text.decode().upper())
    sqlite3.register_adapter(complex, str)
    kinds = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
    connection = sqlite3.connect(bench.address, detect_types=kinds)
    connection.execute("CREATE TABLE IF NOT EXISTS kinds (d date, t timestamp, s shout)")
    moment = dt.datetime(2024, 2, 29, 12, 30)
    connection.execute("INSERT INTO kinds VALUES (?, ?, ?)", (moment.date(), moment, "hey"))
    cursor = connection.execute('SELECT *, "x" AS "y [shout]" FROM kinds')
    bench.note(cursor.fetchall(), cursor.description)
    bench.note(connection.execute("SELECT ?", (1 + 2j,)).fetchone())
    connection.text_factory = bytes
    bench.note(connection.execute("SELECT 'raw'").fetchone())
    connection.commit()
    connection.close()


@case("sqlite3")
def functions_of_the_application(bench: Bench) -> None:
    class Longest:
        def __init__(self) -> None:
            self.found = ""

        def step(self, text: str) -> None:
            self.found = max(self.found, text, key=len)

        def finalize(self) -> str:
            return self.found

    connection = bench.connect()
    connection.create_function("twice", 1, lambda n: n * 2, deterministic=True)
    connection.create_aggregate("longest", 1, Longest)
    connection.create_collation("backwards", lambda a, b: (a < b) - (a > b))
    connection.create_function("fails", 0, lambda: 1 / 0)
    bench.note(connection.execute("SELECT twice(4)").fetchone())
    query = "SELECT longest(column1) FROM (VALUES ('a'), ('ccc'))"
    bench.note(connection.execute(query).fetchone())
    query = "SELECT column1 FROM (VALUES ('a'), ('b')) ORDER BY 1 COLLATE backwards"
    bench.note(connection.execute(query).fetchall())
    bench.tried(lambda: connection.execute("SELECT fails()").fetchall())
    connection.set_trace_callback(None)
    connection.set_progress_handler(None, 1)
    connection.close()


@case("sqlite3")
def errors_of_sqlite(bench: Bench) -> None:
    bench.tried(lambda: sqlite3.connect("/nowhere/at/all.db"))
    connection = bench.connect()
    bench.tried(lambda: connection.execute("SELECT 1; SELECT 2"))
    bench.tried(lambda: connection.execute("SELECT :a", {"b": 1}))
    rows = connection.execute("SELECT abs(column1) FROM (VALUES (1), (2), (-9223372036854775808))")
    bench.note(rows.fetchone())
    bench.tried(rows.fetchone)
    bench.tried(rows.fetchone)
    bench.tried(
        lambda: connection.execute("SELECT 1 UNION ALL SELECT abs(-9223372036854775808)").fetchall()
    )
    other = sqlite3.connect(bench.address, timeout=0, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    connection.execute("PRAGMA busy_timeout = 0")
    bench.tried(lambda: connection.execute("BEGIN IMMEDIATE"))
    other.execute("ROLLBACK")
    bench.tried(lambda: connection.executemany("INSERT INTO nowhere VALUES (?)", [(1,)]))
    bench.tried(lambda: connection.execute("SELECT ?", (object(),)))
    other.close()
    connection.close()


@case("sqlite3")
def iterators_that_fail(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)

    def rows() -> Any:
        yield ("one",)
        raise KeyError("mine")

    insert = f"INSERT INTO {name} (name) VALUES (?)"
    bench.tried(lambda: connection.executemany(insert, rows()))
    bench.note(connection.in_transaction)
    connection.commit()
    bench.note(connection.execute(f"SELECT name FROM {name}").fetchall())
    connection.close()


@case("sqlite3")
def cursors_that_are_not_read_to_the_end(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection, rows=9)
    cursor = connection.execute(f"SELECT id FROM {name} ORDER BY id")
    bench.note(cursor.fetchone(), cursor.fetchmany(2))
    bench.note(cursor.execute(f"SELECT name FROM {name} ORDER BY id LIMIT 2").fetchall())
    bench.note(cursor.fetchmany(0))
    connection.close()
    connection = bench.connect()
    number = 0
    for (number,) in connection.execute(f"SELECT id FROM {name} ORDER BY id"):
        if number == 3:
            break
    bench.note(number, connection.getlimit(sqlite3.SQLITE_LIMIT_COLUMN) > 0)
    connection.interrupt()
    connection.close()


@case("sqlite3")
def a_backup_that_tells_how_far_it_is(bench: Bench) -> None:
    connection, copy = bench.connect(), sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE IF NOT EXISTS backed (a)")
    connection.execute("INSERT INTO backed VALUES (1)")
    connection.commit()
    connection.backup(copy, pages=-1, name="main")
    bench.note(copy.execute("SELECT a FROM backed").fetchall())
    data = copy.serialize()
    other = sqlite3.connect(":memory:")
    other.deserialize(data)
    bench.note(other.execute("SELECT a FROM backed").fetchall(), len(list(other.iterdump())))
    for each in (connection, copy, other):
        each.close()


@case("sqlite3")
def more_functions_of_the_application(bench: Bench) -> None:
    class Sum:
        def __init__(self) -> None:
            self.total = 0

        def step(self, value: int) -> None:
            self.total += value

        def inverse(self, value: int) -> None:
            self.total -= value

        def value(self) -> int:
            return self.total

        finalize = value

    connection = bench.connect()
    connection.create_window_function("sumint", 1, Sum)
    connection.create_collation("reverse", lambda a, b: (a < b) - (a > b))
    query = "SELECT v, sumint(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
    bench.note(
        connection.execute(f"{query} FROM (SELECT 1 v UNION SELECT 2 UNION SELECT 3)").fetchall()
    )
    ordered = "SELECT v FROM (SELECT 'a' v UNION SELECT 'b') ORDER BY v COLLATE reverse"
    bench.note(connection.execute(ordered).fetchall())
    bench.note(connection.getlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH) > 0, connection.interrupt())
    connection.close()
