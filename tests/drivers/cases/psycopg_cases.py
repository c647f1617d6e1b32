"""Cases: what psycopg 3 has besides DB-API, sync and async."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg as typed_psycopg
from psycopg import rows, sql

from tests.drivers.bench import Bench, case
from tests.drivers.cases.shared import table

psycopg: Any = typed_psycopg
"""Its types want statements to be literals, and those of tests are put together."""


@case("psycopg")
def row_factories_of_psycopg(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        name = table(bench, connection, rows=4)
        query = f"SELECT id, name FROM {name} ORDER BY id"
        for factory in (rows.dict_row, rows.namedtuple_row, rows.tuple_row):
            with connection.cursor(row_factory=factory) as cursor:
                cursor.execute(query)
                bench.note(cursor.fetchone(), cursor.fetchmany(2), list(cursor), cursor.rownumber)
        with connection.cursor(row_factory=rows.scalar_row) as cursor:
            bench.note(cursor.execute(query).fetchall())
        connection.row_factory = rows.dict_row
        bench.note(connection.execute(f"{query} LIMIT 1").fetchone())
        cursor = connection.execute(query)
        cursor.scroll(2)
        bench.note(cursor.fetchone(), cursor.statusmessage, cursor.rowcount)


@case("psycopg")
def transactions_of_psycopg(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        name = table(bench, connection)
        insert = f"INSERT INTO {name} (name) VALUES (%s) RETURNING id"
        with connection.transaction():
            bench.note(connection.execute(insert, ("kept",)).fetchone())
            try:
                with connection.transaction():
                    connection.execute(insert, ("gone",))
                    raise KeyError("back")  # noqa: TRY301 - what rolls the savepoint back
            except KeyError:
                bench.note(connection.info.transaction_status)
        bench.note(connection.info.transaction_status)
        bench.note(connection.execute(f"SELECT name FROM {name}").fetchall())
        connection.commit()
        connection.autocommit = True
        connection.execute("SELECT 1")
        bench.note(connection.info.transaction_status, connection.autocommit)
        bench.tried(lambda: connection.execute("SELECT 1/0"))
        bench.note(connection.info.transaction_status)
    bench.note(connection.closed, connection.broken)


@case("psycopg")
def many_of_psycopg(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        name = table(bench, connection)
        with connection.cursor() as cursor:
            insert = f"INSERT INTO {name} (name) VALUES (%s)"
            cursor.executemany(insert, [("a",), ("b",)])
            bench.note(cursor.rowcount, cursor.statusmessage)
            cursor.executemany(f"{insert} RETURNING id", [("c",), ("d",)], returning=True)
            bench.note(cursor.fetchall(), cursor.nextset(), cursor.fetchall(), cursor.nextset())
            cursor.execute("SELECT 1 AS a; SELECT 2 AS b, 3 AS c")
            bench.note(cursor.fetchall(), cursor.nextset(), cursor.fetchall())
            bench.note([(c.name, c.type_code, c.type_display) for c in cursor.description or ()])


@case("psycopg")
def types_of_psycopg(bench: Bench) -> None:
    import datetime as dt
    import uuid
    from decimal import Decimal

    with psycopg.connect(bench.address) as connection:
        for query in (
            "SELECT '{1,2,NULL}'::int[], ARRAY['a', 'b'], '{{1,2},{3,4}}'::int[]",
            """SELECT '{"a": [1, null]}'::json, '{"b": 1.5}'::jsonb""",
            "SELECT int4range(1, 5), '2024-02-29 12:00+02'::timestamptz, '1 day 2 hours'::interval",
            "SELECT 1.50::numeric, 'NaN'::numeric, 2.5::float8, true, 'x'::char(3), 'abc'::bytea",
            "SELECT 'f3c9ee0e-5b0b-4b6a-9c44-1f2a3b4c5d6e'::uuid, '10.0.0.1'::inet, (1, 'x')",
        ):
            bench.note(connection.execute(query).fetchone())
            bench.note(connection.cursor(binary=True).execute(query).fetchone())
        values = [1, "ä", Decimal("1.2"), dt.date(2024, 2, 29), uuid.UUID(int=7), b"\x00", [1, 2]]
        for value in values:
            cursor = connection.execute("SELECT %s AS v", (value,))
            bench.note(cursor.fetchone(), [tuple(c) for c in cursor.description or ()])
        bench.note(connection.execute("SELECT %(a)s::int", {"a": 5}, prepare=True).fetchone())
        query = sql.SQL("SELECT {} AS {}").format(sql.Literal("x'y"), sql.Identifier('a"b'))
        bench.note(connection.execute(query).description)


@case("psycopg")
def loaders_of_the_application(bench: Bench) -> None:
    from psycopg.adapt import Loader

    class Shouting(Loader):
        def load(self, data: Any) -> str:
            return bytes(data).decode().upper()

    with psycopg.connect(bench.address) as connection:
        connection.adapters.register_loader("text", Shouting)
        bench.note(connection.execute("SELECT 'hey'::text, 1").fetchone())
    with psycopg.connect(bench.address, cursor_factory=psycopg.ClientCursor) as connection:
        cursor = connection.execute("SELECT 7 AS n")
        bench.note(cursor.fetchone(), isinstance(cursor, psycopg.ClientCursor))


@case("psycopg")
def what_psycopg_says_of_itself(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        info = connection.info
        bench.note(
            info.server_version,
            info.encoding,
            info.dbname,
            info.user,
            info.host,
            info.port,
            info.parameter_status("TimeZone"),
            info.status,
            connection.isolation_level,
            connection.closed,
        )
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        bench.note(connection.execute("SHOW transaction_isolation").fetchone())
    bench.tried(lambda: connection.execute("SELECT 1"))


@case("psycopg")
def errors_of_psycopg(bench: Bench) -> None:
    with psycopg.connect(bench.address, autocommit=True) as connection:
        body = "DO $$ BEGIN RAISE EXCEPTION 'mine' USING HINT = 'h', DETAIL = 'd'; END $$"
        bench.tried(lambda: connection.execute(body))
        try:
            connection.execute("SELECT * FROM nowhere")
        except psycopg.errors.UndefinedTable as error:
            bench.note(error.sqlstate, error.diag.message_primary, error.diag.source_function)
        connection.execute("SET statement_timeout = 50")
        bench.tried(lambda: connection.execute("SELECT pg_sleep(5)"))


@case("psycopg_async")
async def psycopg_without_waiting(bench: Bench) -> None:
    connecting = await psycopg.AsyncConnection.connect(bench.address, row_factory=rows.dict_row)
    async with connecting as connection:
        await connection.execute("CREATE TABLE counter (n int)")
        async with connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO counter VALUES (%s)", [(1,), (2,)])
            bench.note(cursor.rowcount)
            await cursor.execute("SELECT n FROM counter ORDER BY n")
            bench.note(await cursor.fetchone(), [row async for row in cursor])
        async with connection.transaction():
            await connection.execute("DELETE FROM counter WHERE n = 2")
        await bench.tried_later(connection.execute("SELECT 1/0"))
        await connection.rollback()
    bench.note(connection.closed)
    await bench.tried_later(psycopg.AsyncConnection.connect(bench.address, port=9))


@case("psycopg_async")
async def one_statement_by_many_tasks_of_psycopg(bench: Bench) -> None:
    async with await psycopg.AsyncConnection.connect(bench.address) as connection:
        await connection.execute("CREATE SEQUENCE numbers")

    async def one(number: int) -> Any:
        async with await psycopg.AsyncConnection.connect(bench.address) as mine:
            cursor = await mine.execute("SELECT nextval('numbers')")
            return number, await cursor.fetchone()

    bench.note(await asyncio.gather(*(one(n) for n in range(6))))


@case("psycopg_async")
async def a_call_of_psycopg_that_is_cancelled(bench: Bench) -> None:
    async with await psycopg.AsyncConnection.connect(bench.address, autocommit=True) as connection:
        try:
            async with asyncio.timeout(0.2):
                await connection.execute("SELECT pg_sleep(5)")
        except TimeoutError as error:
            bench.note(type(error))
        bench.note(await (await connection.execute("SELECT 'again'")).fetchone())
