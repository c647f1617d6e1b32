"""Cases: how asyncpg is used."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import asyncpg

from tests.asyncpg_driver.caller import Caller, case


@case
async def ways_to_fetch(caller: Caller) -> None:
    async with caller.connection() as connection:
        series = "SELECT n, n * 2 AS twice FROM generate_series(1, 5) AS n"
        caller.note(await connection.fetch(series))
        caller.note(await connection.fetchrow(series), await connection.fetchval(series, column=1))
        caller.note(await connection.fetchrow("SELECT 1 WHERE false"))
        caller.note(await connection.fetchval("SELECT 1 WHERE false"))
        caller.note(await connection.fetch("SELECT 1 AS a, 2 AS a, 3 AS b"))
        (record,) = await connection.fetch("SELECT 1 AS a, 'x' AS b")
        caller.note(record["a"], record[1], list(record.keys()), dict(record), len(record))
        caller.note("a" in record, record.get("none", 7), repr(record), record == (1, "x"))


@case
async def commands(caller: Caller) -> None:
    async with caller.connection() as connection:
        caller.note(await connection.execute("CREATE TABLE items (id serial, name text UNIQUE)"))
        caller.note(await connection.execute("INSERT INTO items (name) VALUES ($1)", "a"))
        caller.note(await connection.execute("INSERT INTO items (name) VALUES ('b'), ('c')"))
        caller.note(
            await connection.executemany(
                "INSERT INTO items (name) VALUES ($1)", ((f"m{n}",) for n in range(3))
            )
        )
        caller.note(await connection.execute("UPDATE items SET name = upper(name)"))
        caller.note(
            await connection.fetch("INSERT INTO items (name) VALUES ('r') RETURNING id, name")
        )
        caller.note(await connection.execute("SELECT 1; SELECT 2"))
        if hasattr(connection, "fetchmany"):
            caller.note(
                await connection.fetchmany(
                    "INSERT INTO items (name) VALUES ($1) RETURNING id", [("x",), ("y",)]
                )
            )


@case
async def transactions(caller: Caller) -> None:
    async with caller.connection() as connection:
        caller.note(connection.is_in_transaction())
        async with connection.transaction():
            caller.note(connection.is_in_transaction())
            try:
                async with connection.transaction():
                    await connection.execute("INSERT INTO items (name) VALUES ('gone')")
                    raise KeyError("back")  # noqa: TRY301 - what rolls the savepoint back
            except KeyError:
                caller.note(connection.is_in_transaction())
            await connection.execute("INSERT INTO items (name) VALUES ('kept')")
        caller.note(connection.is_in_transaction())
        caller.note(await connection.fetch("SELECT name FROM items WHERE name IN ('gone', 'kept')"))
        async with connection.transaction(isolation="serializable", readonly=True):
            await caller.tried(connection.execute("INSERT INTO items (name) VALUES ('ro')"))
            await caller.tried(connection.fetchval("SELECT 1"))


@case
async def prepared(caller: Caller) -> None:
    async with caller.connection() as connection:
        statement = await connection.prepare("SELECT $1::int AS n, $2::text AS t")
        caller.note(statement.get_query(), statement.get_parameters(), statement.get_attributes())
        caller.note(await statement.fetch(1, "a"), await statement.fetchrow(2, "b"))
        caller.note(await statement.fetchval(3, "c", column=1), statement.get_statusmsg())
        await connection.execute("CREATE TYPE colour AS ENUM ('red', 'blue')")
        other = await connection.prepare("SELECT 'red'::colour AS m")
        caller.note([a.type.name for a in other.get_attributes()], await other.fetchval())
        await caller.tried(connection.prepare("SELECT no_such_column"))


@case
async def cursors(caller: Caller) -> None:
    async with caller.connection() as connection:
        async with connection.transaction():
            rows = [
                row["n"]
                async for row in connection.cursor(
                    "SELECT n FROM generate_series(1, $1::int) AS n", 120
                )
            ]
            caller.note(len(rows), rows[:3], rows[-1])
            cursor = await connection.cursor("SELECT n FROM generate_series(1, 9) AS n")
            caller.note(await cursor.fetch(2), await cursor.forward(3), await cursor.fetchrow())
            caller.note(await cursor.fetch(10), await cursor.fetchrow())
        await caller.tried(_cursor_outside(connection))


async def _cursor_outside(connection: Any) -> None:
    async for _ in connection.cursor("SELECT 1"):
        pass


@case
async def errors(caller: Caller) -> None:
    async with caller.connection() as connection:
        for query in (
            "SELEC 1",
            "SELECT 1 / 0",
            "SELECT * FROM nowhere",
            "INSERT INTO items (name) VALUES ('A')",
            "INSERT INTO items (id) VALUES (null)",
            "SELECT 'x'::int",
            "DO $$ BEGIN RAISE EXCEPTION 'mine' USING HINT = 'h', DETAIL = 'd'; END $$",
        ):
            await caller.tried(connection.fetch(query))
            await caller.tried(connection.execute(query))
        await caller.tried(connection.fetchval("SELECT pg_sleep(5)", timeout=0.1))
        caller.note(await connection.fetchval("SELECT 'still there'"))


@case
async def copying(caller: Caller) -> None:
    async with caller.connection() as connection:
        await connection.execute("CREATE TABLE copied (a int, b text)")
        caller.note(await connection.copy_records_to_table("copied", records=[(1, "x"), (2, None)]))
        caller.note(await connection.copy_to_table("copied", source=io.BytesIO(b"3\tz\n")))
        out = io.BytesIO()
        caller.note(await connection.copy_from_query("SELECT * FROM copied ORDER BY a", output=out))
        caller.note(out.getvalue())
        out = io.BytesIO()
        caller.note(await connection.copy_from_table("copied", output=out, format="csv"))
        caller.note(out.getvalue())


@case
async def pools(caller: Caller) -> None:
    async def init(connection: Any) -> None:
        await connection.execute("SET application_name = 'mine'")

    async with asyncpg.create_pool(caller.dsn, min_size=1, max_size=4, init=init) as pool:
        caller.note(await pool.fetchval("SELECT 1"))
        many = [pool.fetchval("SELECT $1::int * 10", n) for n in range(8)]
        caller.note(await asyncio.gather(*many))
        async with pool.acquire() as connection, connection.transaction():
            caller.note(await connection.fetchval("SELECT current_setting('application_name')"))
        caller.note(pool.get_size() <= 4)


@case
async def one_statement_by_many_tasks(caller: Caller) -> None:
    async with asyncpg.create_pool(caller.dsn, min_size=3, max_size=3) as pool:

        async def one(n: int) -> Any:
            return n, await pool.fetchval("SELECT nextval('items_id_seq') - 1")

        found = await asyncio.gather(*(one(n) for n in range(6)))
        caller.note(found)


@case
async def notifications(caller: Caller) -> None:
    heard: list[Any] = []
    async with caller.connection() as connection:
        await connection.add_listener(
            "news", lambda _c, _p, channel, said: heard.append((channel, said))
        )
        await connection.execute("NOTIFY news, 'one'")
        await connection.execute("SELECT pg_notify('news', 'two')")
        await connection.fetchval("SELECT 1")
        await asyncio.sleep(0.05)
        caller.note(heard)


@case
async def what_a_connection_says_of_itself(caller: Caller) -> None:
    async with caller.connection() as connection:
        version = connection.get_server_version()
        settings = connection.get_settings()
        caller.note(version, settings.server_encoding, settings.TimeZone, connection.is_closed())
    caller.note(connection.is_closed())
    await caller.tried(connection.fetchval("SELECT 1"))


@case
async def a_call_that_is_cancelled(caller: Caller) -> None:
    async with caller.connection() as connection:
        try:
            await asyncio.wait_for(connection.fetchval("SELECT pg_sleep(5)"), 0.1)
        except TimeoutError as error:
            caller.note(type(error))
        caller.note(await connection.fetchval("SELECT 'again'"))


@case
async def a_server_that_is_not_there(caller: Caller) -> None:
    await caller.tried(asyncpg.connect("postgresql://u:p@127.0.0.1:1/nowhere", timeout=5))
    await caller.tried(asyncpg.connect(caller.dsn, database="nowhere"))
    await caller.tried(asyncpg.connect(caller.dsn, user="stranger"))


@case
async def records_of_the_application(caller: Caller) -> None:
    class Mine(asyncpg.Record):
        def __getattr__(self, name: str) -> Any:
            return self[name]

    class Other(asyncpg.Record):
        pass

    connection = await asyncpg.connect(caller.dsn, record_class=Mine)
    try:
        query = "SELECT n AS id, 'x' || n AS name, NULL AS none, now() > 'epoch' AS yes, n AS id"
        rows = await connection.fetch(f"{query} FROM generate_series(1, $1::int) n", 3)
        caller.note([(type(row).__name__, row.id, row.name, list(row.items())) for row in rows])
        row = await connection.fetchrow("SELECT ARRAY[1, 2] AS list, '2024-02-29'::date AS day")
        caller.note(isinstance(row, Mine), row.list, row.day, len(row), "list" in row)
        caller.note(
            await connection.fetchval("SELECT 7"), await connection.fetch("SELECT 1 LIMIT 0")
        )
        row = await connection.fetchrow("SELECT 1 AS one", record_class=Other)
        caller.note(type(row).__name__, dict(row))
        statement = await connection.prepare("SELECT $1::text AS said", record_class=Other)
        caller.note([type(row).__name__ for row in await statement.fetch("hey")])
        async with connection.transaction():
            cursor = connection.cursor("SELECT n FROM generate_series(1, 5) n", prefetch=2)
            caller.note([row.n async for row in cursor])
    finally:
        await connection.close()
