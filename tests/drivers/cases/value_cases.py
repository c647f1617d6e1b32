"""Cases: every type that a server offers, read; and what Python has for it, written and read."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from tests.drivers.bench import Bench, case
from tests.values.tables import MYSQL, POSTGRESQL, SQLITE

_MINE = (
    "DROP TYPE IF EXISTS mood, pair, pairs, floats CASCADE",
    "DROP DOMAIN IF EXISTS positive CASCADE",
    "CREATE EXTENSION IF NOT EXISTS hstore",
    "CREATE TYPE mood AS ENUM ('sad', 'happy')",
    "CREATE TYPE pair AS (a int, b text)",
    "CREATE TYPE pairs AS (one pair, more pair[])",
    "CREATE DOMAIN positive AS int CHECK (value > 0)",
)
MINE = {
    "enum": "'happy'::mood",
    "enum_array": "ARRAY['sad', NULL]::mood[]",
    "composite_named": "ROW(1, 'x')::pair",
    "composite_of_composites": "ROW(ROW(1, 'x'), ARRAY[ROW(2, NULL)::pair])::pairs",
    "domain": "5::positive",
    "hstore": '\'a=>1, b=>NULL, "c d"=>"e,f"\'::hstore',
}


def _read(bench: Bench, connection: Any, literals: dict[str, str], **options: Any) -> None:
    """Each in a statement of its own: one that cannot be read says nothing of the others."""
    for name, literal in literals.items():
        cursor = connection.cursor(**options)

        def one(cursor: Any = cursor, literal: str = literal) -> Any:
            cursor.execute(f"SELECT {literal} AS value")
            return cursor.fetchone()

        bench.note(name)
        bench.tried(one)
        bench.note([tuple(column) for column in cursor.description or ()])
        cursor.close()


def _with_mine(connection: Any) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in _MINE:
            cursor.execute(statement)


@case("psycopg2", "psycopg")
def every_type_of_postgresql(bench: Bench) -> None:
    connection = bench.connect()
    _with_mine(connection)
    _read(bench, connection, {**POSTGRESQL, **MINE})
    connection.close()


@case("psycopg")
def every_type_of_postgresql_in_binary(bench: Bench) -> None:
    with bench.connect(autocommit=True) as connection:
        _read(bench, connection, POSTGRESQL, binary=True)


@case("psycopg")
def types_that_were_registered_with_psycopg(bench: Bench) -> None:
    from psycopg.types import TypeInfo
    from psycopg.types.composite import CompositeInfo, register_composite
    from psycopg.types.enum import EnumInfo, register_enum
    from psycopg.types.hstore import register_hstore
    from psycopg.types.range import Range, RangeInfo, register_range
    from psycopg.types.string import TextLoader

    with bench.connect(autocommit=True) as connection:
        for statement in (*_MINE, "CREATE TYPE floats AS RANGE (subtype = float8)"):
            connection.execute(statement)
        register_hstore(TypeInfo.fetch(connection, "hstore"), connection)
        register_composite(CompositeInfo.fetch(connection, "pair"), connection)
        register_composite(CompositeInfo.fetch(connection, "pairs"), connection)
        register_enum(EnumInfo.fetch(connection, "mood"), connection)
        register_range(RangeInfo.fetch(connection, "floats"), connection)
        connection.adapters.register_loader("money", TextLoader)
        _read(bench, connection, {**MINE, "range": "floats(1.5, 2.5)", "money": "'1.5'::money"})
        bench.note(connection.execute("SELECT %s::floats", [Range(0.5, 1.5)]).fetchone())
        bench.note(connection.execute("SELECT %s", [{"a": "1", "b": None}]).fetchone())


@case("psycopg2")
def types_that_were_registered_with_psycopg2(bench: Bench) -> None:
    from psycopg2 import extensions, extras

    connection = bench.connect()
    _with_mine(connection)
    with connection.cursor() as cursor:
        extras.register_hstore(connection)
        extras.register_composite("pair", connection)
        extras.register_composite("pairs", connection)
        extras.register_ipaddress(connection)
        extras.register_uuid(conn_or_curs=connection)
        extras.register_default_jsonb(connection, loads=lambda text: ["loaded", json.loads(text)])
        cursor.execute("SELECT NULL::mood, NULL::mood[]")
        one, many = (column.type_code for column in cursor.description)
        told = extensions.new_type((one,), "MOOD", lambda value, _: value and value.upper())
        extensions.register_type(told, connection)
        extensions.register_type(extensions.new_array_type((many,), "MOODS", told), connection)
    _read(bench, connection, MINE)
    _read(bench, connection, {n: POSTGRESQL[n] for n in ("inet", "cidr", "uuid", "jsonb")})
    connection.close()


@case("psycopg_async")
async def every_type_of_postgresql_without_waiting(bench: Bench) -> None:
    import psycopg

    options: dict[str, Any] = {"autocommit": True}
    connection = await psycopg.AsyncConnection.connect(bench.address, **options)
    async with connection:
        for name, literal in POSTGRESQL.items():
            query: Any = f"SELECT {literal} AS value"
            cursor = await connection.execute(query)
            bench.note(name)
            await bench.tried_later(cursor.fetchone())


WRITTEN_TO_POSTGRESQL: dict[str, tuple[str, list[Any]]] = {
    "numeric": ("numeric", [Decimal("1.20"), Decimal("NaN"), Decimal("1E+40"), Decimal(0), None]),
    "double": ("float8", [0.1, float("inf"), float("nan"), -0.0]),
    "bigint": ("int8", [2**63 - 1, -(2**63), 0]),
    "boolean": ("bool", [True, False]),
    "text": ("text", ["é☃", 'it\'s \\ "quoted" %s %%', ""]),
    "bytea": ("bytea", [b"\x00\xff'\\", bytearray(b"ab"), memoryview(b"cd")]),
    "date": ("date", [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    "timestamp": ("timestamp", [dt.datetime(2024, 2, 29, 1, 2, 3, 4)]),
    "timestamptz": (
        "timestamptz",
        [dt.datetime(2024, 2, 29, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))],
    ),
    "time": ("time", [dt.time(23, 59, 59, 999999)]),
    "timetz": ("timetz", [dt.time(1, 2, tzinfo=dt.UTC)]),
    "interval": ("interval", [dt.timedelta(days=-1, microseconds=5)]),
    "array": ("int[]", [[1, 2, None], [[1, 2], [3, 4]], []]),
    "array_of_text": ("text[]", [['a"b', "c,d", "", None]]),
    "array_of_numeric": ("numeric[]", [[Decimal("1.5"), Decimal("NaN")]]),
}


@case("psycopg2", "psycopg")
def values_written_to_postgresql(bench: Bench) -> None:
    written = dict(WRITTEN_TO_POSTGRESQL)
    if bench.driver == "psycopg2":
        from psycopg2 import Binary, extras

        extras.register_uuid()
        written["json"] = ("jsonb", [extras.Json({"a": [1, None, "é"]})])
        written["range"] = (
            "int4range",
            [extras.NumericRange(1, 5), extras.NumericRange(empty=True)],
        )
        written["days"] = ("daterange", [extras.DateRange(dt.date(2024, 1, 1), None)])
        written["inet"] = ("inet", [extras.Inet("10.0.0.1")])
        written["binary"] = ("bytea", [Binary(b"\x00'")])
    else:
        from psycopg.types.json import Json, Jsonb
        from psycopg.types.multirange import Multirange
        from psycopg.types.range import Range

        written["json"] = ("json", [Json({"a": [1, None, "é"]}), Json(None)])
        written["jsonb"] = ("jsonb", [Jsonb([Decimal("1.5").as_integer_ratio()])])
        written["range"] = ("int4range", [Range(1, 5), Range(empty=True), Range(None, None)])
        written["multirange"] = ("int4multirange", [Multirange([Range(1, 2), Range(5, 6)])])
        written["inet"] = ("inet", [ip_address("::1"), ip_interface("10.0.0.1/8")])
        written["cidr"] = ("cidr", [ip_network("10.0.0.0/8")])
    written["uuid"] = ("uuid", [uuid.UUID(int=7)])
    connection = bench.connect()
    connection.autocommit = True
    for name, (kind, values) in written.items():
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE {name}_written (id serial, value {kind})")
        insert = f"INSERT INTO {name}_written (value) VALUES (%s) RETURNING value"
        for value in values:
            bench.note(name)
            bench.tried(lambda c=cursor, i=insert, v=value: c.execute(i, [v]) and None)
            bench.tried(cursor.fetchone)
        cursor.execute(f"SELECT value FROM {name}_written ORDER BY id")
        bench.note(cursor.fetchall())
    connection.close()


# -- MySQL ----------------------------------------------------------------------------------------

_COLUMNS_OF_MYSQL = """CREATE TABLE {name} (
    id int PRIMARY KEY AUTO_INCREMENT, flags SET('a', 'b', 'c'), mood ENUM('sad', 'happy'), y YEAR,
    bits BIT(12), one BIT(1), big BIGINT UNSIGNED, tiny TINYINT, medium MEDIUMINT UNSIGNED,
    money DECIMAL(20, 10), single FLOAT, twice DOUBLE, clock TIME(6), day DATE, moment DATETIME(6),
    stamp TIMESTAMP(3) NULL, json JSON, place GEOMETRY, small BINARY(4), blobbed LONGBLOB,
    latin VARCHAR(9) CHARACTER SET latin1, word VARCHAR(9)
) CHARACTER SET utf8mb4"""
_ROWS_OF_MYSQL = (
    (
        "NULL, 'a,c', 'happy', 2024, b'101', 1, 18446744073709551615, -128, 16777215, "
        "1.5, 0.1, 0.1, '-838:59:59.5', '2024-02-29', '2024-02-29 01:02:03.000004', "
        "'2024-02-29 01:02:03.4', '{\"a\": [1, null]}', ST_GeomFromText('POINT(1 2)'), "
        "x'00ff', x'00ff', 'é', 'é☃'"
    ),
    (
        "NULL, '', NULL, 0, 0, 0, 0, 127, 0, -0.0, -1.5, 1e300, '00:00:00', '0000-00-00', "
        "'0000-00-00 00:00:00', NULL, 'null', NULL, '', '', '', ''"
    ),
    f"NULL{', NULL' * 21}",
)
_WRITTEN_TO_MYSQL: dict[str, list[Any]] = {
    "money": [Decimal("1.5000000001"), 7],
    "twice": [0.1, 10**20],
    "big": [2**64 - 1, True],
    "clock": [dt.timedelta(hours=-800, microseconds=5), dt.time(1, 2, 3, 4)],
    "day": [dt.date(1000, 1, 1)],
    "moment": [dt.datetime(9999, 12, 31, 23, 59, 59, 999999)],
    "flags": ["a,b", {"c"}],
    "bits": [b"\x0a\xff"],
    "blobbed": [b"\x00\xff'\\", bytearray(b"ab")],
    "word": ['it\'s \\ "%"', "é☃"],
    "json": [json.dumps({"a": [1, None, "é"]})],
}


async def _all_of_mysql(bench: Bench, ask: Callable[..., Awaitable[Any]]) -> None:
    for name, literal in MYSQL.items():
        bench.note(name)
        await bench.tried_later(ask(f"SELECT {literal} AS value"))
    name = f"kinds_of_{bench.driver}"
    await ask("SET SESSION sql_mode = ''")
    await ask(_COLUMNS_OF_MYSQL.format(name=name))
    for row in _ROWS_OF_MYSQL:
        await bench.tried_later(ask(f"INSERT INTO {name} VALUES ({row})"))
    await bench.tried_later(ask(f"SELECT * FROM {name} ORDER BY id"))
    for column, values in _WRITTEN_TO_MYSQL.items():
        for value in values:
            bench.note(column)
            await bench.tried_later(ask(f"INSERT INTO {name} ({column}) VALUES (%s)", [value]))
            await bench.tried_later(ask(f"SELECT {column} FROM {name} WHERE id = LAST_INSERT_ID()"))


@case("pymysql")
def every_type_of_mysql(bench: Bench) -> None:
    connection = bench.connect(autocommit=True)
    cursor = connection.cursor()

    async def ask(statement: str, parameters: Any = None) -> Any:
        count = cursor.execute(statement, parameters)
        return count, cursor.fetchall(), cursor.lastrowid, cursor.description

    running = _all_of_mysql(bench, ask)
    try:
        running.send(None)
    except StopIteration:
        connection.close()
        return
    raise AssertionError("a synchronous driver waited")


@case("aiomysql")
async def every_type_of_mysql_without_waiting(bench: Bench) -> None:
    import aiomysql

    connection = await aiomysql.connect(**bench.address, autocommit=True)
    cursor = await connection.cursor()

    async def ask(statement: str, parameters: Any = None) -> Any:
        count = await cursor.execute(statement, parameters)
        return count, await cursor.fetchall(), cursor.lastrowid, cursor.description

    await _all_of_mysql(bench, ask)
    connection.close()


# -- SQLite ---------------------------------------------------------------------------------------

_WRITTEN_TO_SQLITE: list[Any] = [
    2**63 - 1,
    -(2**63),
    2**63,
    1.5,
    float("inf"),
    float("nan"),
    -0.0,
    "é☃",
    "a\x00b",
    "\ud800",
    b"",
    b"\x00\xff",
    bytearray(b"ab"),
    memoryview(b"cd"),
    True,
    None,
    Decimal("1.5"),
    uuid.UUID(int=7),
    dt.timedelta(1),
]
_AFFINITIES = ("INTEGER", "REAL", "TEXT", "BLOB", "NUMERIC", "BOOLEAN", "DATETIME", "ANY")


@case("sqlite3")
def every_storage_class(bench: Bench) -> None:
    connection = bench.connect(isolation_level=None)
    _read(bench, connection, SQLITE)
    columns = ", ".join(f"{kind.lower()} {kind}" for kind in _AFFINITIES)
    connection.execute(f"CREATE TABLE classes ({columns})")
    marks = ", ".join("?" * len(_AFFINITIES))
    for value in _WRITTEN_TO_SQLITE:
        statement = f"INSERT INTO classes VALUES ({marks})"
        bench.tried(lambda s=statement, v=value: connection.execute(s, [v] * 8).rowcount)
    bench.note(connection.execute("SELECT * FROM classes").fetchall())
    connection.text_factory = bytes
    bench.note(connection.execute("SELECT text, 'é' FROM classes").fetchall())
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    bench.note(connection.execute("SELECT CAST(x'ff61' AS TEXT)").fetchone())
    connection.close()


@case("aiosqlite")
async def every_storage_class_without_waiting(bench: Bench) -> None:
    import aiosqlite

    async with aiosqlite.connect(bench.address) as connection:
        for name, literal in SQLITE.items():
            bench.note(name)
            await bench.tried_later(connection.execute_fetchall(f"SELECT {literal}"))
        await connection.execute("CREATE TABLE one (value)")
        for value in _WRITTEN_TO_SQLITE:
            await bench.tried_later(
                connection.execute_insert("INSERT INTO one VALUES (?)", [value])
            )
        bench.note(await connection.execute_fetchall("SELECT value, typeof(value) FROM one"))


@case("sqlite3")
def converters_and_adapters(bench: Bench) -> None:
    import sqlite3

    class Spot:
        def __init__(self, x: int, y: int) -> None:
            self.x, self.y = x, y

        def __conform__(self, protocol: Any) -> str | None:
            return f"{self.x};{self.y}" if protocol is sqlite3.PrepareProtocol else None

        def __repr__(self) -> str:
            return f"Spot({self.x}, {self.y})"

    sqlite3.register_converter("spot", lambda raw: Spot(*map(int, raw.split(b";"))))
    sqlite3.register_converter("broken", int)
    sqlite3.register_adapter(Decimal, str)
    sqlite3.register_converter("money", lambda raw: Decimal(raw.decode()))
    detect = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
    connection = bench.connect(detect_types=detect)
    connection.execute(
        "CREATE TABLE spots (id INTEGER PRIMARY KEY, at SPOT, paid MONEY, odd BROKEN)"
    )
    insert = "INSERT INTO spots (at, paid, odd) VALUES (?, ?, ?)"
    connection.execute(insert, (Spot(1, 2), Decimal("1.50"), None))
    connection.execute(insert, (None, None, "seven"))
    bench.note(connection.execute("SELECT at, paid FROM spots").fetchall())
    bench.note(connection.execute('SELECT "3;4" AS "at [spot]"').fetchone())
    bench.tried(lambda: connection.execute("SELECT odd FROM spots WHERE id = 2").fetchone())
    connection.close()
