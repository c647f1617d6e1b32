"""Cases: how aiopg is used."""

from __future__ import annotations

import asyncio
from typing import Any

import aiopg as untyped_aiopg
import psycopg2.extras

from tests.drivers.bench import Bench, case

aiopg: Any = untyped_aiopg


async def table(bench: Bench, cursor: Any, rows: int = 0) -> str:
    name = f"t_{bench.name}"
    await cursor.execute(f"DROP TABLE IF EXISTS {name}")
    await cursor.execute(f"CREATE TABLE {name} (id serial PRIMARY KEY, name text UNIQUE)")
    for number in range(rows):
        await cursor.execute(f"INSERT INTO {name} (name) VALUES (%s)", (f"n{number}",))
    return name


@case("aiopg")
async def one_interaction_a_call_of_aiopg(bench: Bench) -> None:
    connection = await aiopg.connect(bench.address)
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT 'only once'")
        bench.note(await cursor.fetchone())
    await connection.close()


@case("aiopg")
async def statements_of_aiopg(bench: Bench) -> None:
    async with aiopg.connect(bench.address) as connection, connection.cursor() as cursor:
        name = await table(bench, cursor)
        insert = f"INSERT INTO {name} (name) VALUES (%s) RETURNING id"
        await cursor.execute(insert, ("a",))
        bench.note(await cursor.fetchone(), cursor.rowcount, cursor.statusmessage, cursor.query)
        await cursor.execute(insert, ["b"])
        await cursor.execute(f"SELECT * FROM {name} ORDER BY id")
        bench.note(cursor.description, cursor.rowcount, cursor.rownumber)
        bench.note(await cursor.fetchone(), await cursor.fetchmany(1), await cursor.fetchall())
        bench.note(await cursor.fetchone())
        await cursor.execute("SELECT %(a)s, %(b)s::json, '{1,2}'::int[]", {"a": 1, "b": '{"x": 1}'})
        bench.note([row async for row in cursor])
        bench.note(cursor.mogrify("SELECT %s", ("x'y",)))
        await cursor.execute("SELECT n FROM generate_series(1, 5) n")
        await cursor.scroll(2)
        bench.note(await cursor.fetchall())
        await cursor.callproc("upper", ("abc",))
        bench.note(await cursor.fetchall())
    bench.note(connection.closed, cursor.closed)


@case("aiopg")
async def cursors_of_aiopg(bench: Bench) -> None:
    async with aiopg.connect(bench.address) as connection:
        kinds = (psycopg2.extras.DictCursor, psycopg2.extras.RealDictCursor)
        for kind in (*kinds, psycopg2.extras.NamedTupleCursor):
            async with connection.cursor(cursor_factory=kind) as cursor:
                await cursor.execute("SELECT 1 AS a, 'x' AS b")
                bench.note(await cursor.fetchone(), await cursor.fetchall())
    connecting = aiopg.connect(bench.address, cursor_factory=psycopg2.extras.RealDictCursor)
    async with connecting as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT 1 AS a")
        bench.note(await cursor.fetchall())


@case("aiopg")
async def transactions_of_aiopg(bench: Bench) -> None:
    async with aiopg.connect(bench.address) as connection:
        async with connection.cursor() as cursor:
            name = await table(bench, cursor)
            insert = f"INSERT INTO {name} (name) VALUES (%s)"
            async with cursor.begin():
                await cursor.execute(insert, ("kept",))
                bench.note(await connection.get_transaction_status())
                async with cursor.begin_nested():
                    await cursor.execute(insert, ("too",))
            try:
                async with cursor.begin():
                    await cursor.execute(insert, ("gone",))
                    raise KeyError("back")  # noqa: TRY301 - what rolls it back
            except KeyError as error:
                bench.note(error)
            async with aiopg.Transaction(cursor, aiopg.IsolationLevel.serializable):
                await cursor.execute("SHOW transaction_isolation")
                bench.note(await cursor.fetchone())
            await cursor.execute(f"SELECT name FROM {name} ORDER BY 1")
            bench.note(await cursor.fetchall(), await connection.get_transaction_status())
        await bench.tried_later(connection.commit())


@case("aiopg")
async def errors_of_aiopg(bench: Bench) -> None:
    async with aiopg.connect(bench.address) as connection, connection.cursor() as cursor:
        name = await table(bench, cursor, rows=1)
        for statement in (
            "SELEKT",
            "SELECT * FROM nowhere",
            f"INSERT INTO {name} (name) VALUES ('n0')",
            "DO $$ BEGIN RAISE EXCEPTION 'mine' USING HINT = 'h', DETAIL = 'd'; END $$",
        ):
            await bench.tried_later(cursor.execute(statement))
        try:
            await cursor.execute(f"INSERT INTO {name} (name) VALUES ('n0')")
        except psycopg2.IntegrityError as error:
            bench.note(error.pgcode, error.diag.constraint_name, error.diag.table_name)
        await bench.tried_later(cursor.executemany("SELECT 1", []))
        await bench.tried_later(cursor.execute("SELECT %s, %s", (1,)))
        await cursor.execute("SELECT 'on'")
        bench.note(await cursor.fetchone())
        await cursor.execute("SET x.y = 1")
        await bench.tried_later(cursor.fetchone())
    await bench.tried_later(cursor.execute("SELECT 1"))
    await bench.tried_later(aiopg.connect(bench.address, port=9))
    await bench.tried_later(aiopg.connect(bench.address, password="wrong"))


@case("aiopg")
async def a_call_of_aiopg_that_takes_too_long(bench: Bench) -> None:
    connection = await aiopg.connect(bench.address)
    cursor = await connection.cursor()
    await bench.tried_later(cursor.execute("SELECT pg_sleep(5)", timeout=0.1))
    bench.note(connection.closed)
    connection = await aiopg.connect(bench.address)
    cursor = await connection.cursor()
    try:
        async with asyncio.timeout(0.1):
            await cursor.execute("SELECT pg_sleep(5), 2")
    except TimeoutError as error:
        bench.note(type(error), connection.closed)


@case("aiopg")
async def pools_of_aiopg(bench: Bench) -> None:
    said: list[str] = []

    async def greet(connection: Any) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT 'hello'")
            said.append((await cursor.fetchone())[0])

    async with aiopg.create_pool(bench.address, minsize=2, maxsize=3, on_connect=greet) as pool:
        bench.note(pool.size, pool.freesize)

        async def one(number: int) -> Any:
            async with pool.acquire() as connection, connection.cursor() as cursor:
                await cursor.execute("SELECT %s", (number,))
                return await cursor.fetchone()

        bench.note(await asyncio.gather(*(one(n) for n in range(5))))
        with await pool.cursor() as cursor:
            await cursor.execute("SELECT 'short'")
            bench.note(await cursor.fetchone())
    bench.note(said, pool.closed)


@case("aiopg")
async def one_statement_by_many_tasks_of_aiopg(bench: Bench) -> None:
    async with aiopg.connect(bench.address) as connection, connection.cursor() as cursor:
        await cursor.execute("DROP SEQUENCE IF EXISTS numbers_of_aiopg")
        await cursor.execute("CREATE SEQUENCE numbers_of_aiopg")

    async def one(number: int) -> Any:
        async with aiopg.connect(bench.address) as mine, mine.cursor() as cursor:
            await cursor.execute("SELECT nextval('numbers_of_aiopg')")
            return number, await cursor.fetchone()

    bench.note(await asyncio.gather(*(one(n) for n in range(6))))


@case("aiopg")
async def what_aiopg_hears(bench: Bench) -> None:
    async with (
        aiopg.connect(bench.address) as connection,
        aiopg.connect(bench.address) as other,
        connection.cursor() as cursor,
        other.cursor() as speaking,
    ):
        await cursor.execute("LISTEN news")
        await speaking.execute("NOTIFY news, 'one'")
        heard = await asyncio.wait_for(connection.notifies.get(), 5)
        bench.note(heard.channel, heard.payload)
        hearing = asyncio.create_task(connection.notifies.get())
        await asyncio.sleep(0)
        await speaking.execute("SELECT pg_notify('news', 'two')")
        bench.note((await asyncio.wait_for(hearing, 5)).payload)
        await cursor.execute("DO $$ BEGIN RAISE NOTICE 'said'; END $$")
        bench.note(list(connection.notices))


@case("aiopg")
async def what_aiopg_says_of_itself(bench: Bench) -> None:
    async with aiopg.connect(bench.address, timeout=7.0) as connection:
        bench.note(
            connection.encoding,
            connection.server_version,
            connection.protocol_version,
            connection.status,
            connection.autocommit,
            connection.timeout,
            connection.isexecuting(),
            await connection.get_parameter_status("TimeZone"),
            await connection.get_transaction_status(),
            await connection.get_backend_pid(),
            connection.dsn,
            type(connection.raw).__name__,
        )


@case("aiopg")
async def types_of_aiopg(bench: Bench) -> None:
    async with aiopg.connect(bench.address) as connection, connection.cursor() as cursor:
        await cursor.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    async with aiopg.connect(bench.address) as connection, connection.cursor() as cursor:
        await cursor.execute(
            "SELECT 'a=>1'::hstore, '{\"a\": 1}'::jsonb, int4range(1, 5), 1.50::numeric,"
            " 'f3c9ee0e-5b0b-4b6a-9c44-1f2a3b4c5d6e'::uuid, '2024-02-29 12:00+02'::timestamptz"
        )
        bench.note(await cursor.fetchone())


@case("aiopg")
async def sqlalchemy_over_aiopg(bench: Bench) -> None:
    import sqlalchemy as sa

    try:
        from aiopg.sa import create_engine
    except Exception as error:  # noqa: BLE001 - it is for SQLAlchemy 1.4
        bench.note(type(error))
        return
    users = sa.Table(
        "aiopg_users",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20)),
    )
    async with create_engine(bench.address) as engine, engine.acquire() as connection:
        await connection.execute("DROP TABLE IF EXISTS aiopg_users")
        await connection.execute("CREATE TABLE aiopg_users (id serial PRIMARY KEY, name text)")
        await bench.tried_later(connection.scalar(users.insert().values(name="a")))
        async with connection.begin():
            await connection.execute("INSERT INTO aiopg_users (name) VALUES ('b')")
        rows = await connection.execute("SELECT name FROM aiopg_users ORDER BY id")
        bench.note([tuple(row) for row in await rows.fetchall()])


@case("psycopg2")
def asynchronous_connections_of_psycopg2(bench: Bench) -> None:
    from psycopg2.extras import wait_select

    connection = bench.connect(async_=1)
    bench.note(connection.async_, connection.isexecuting())
    wait_select(connection)
    cursor = connection.cursor()
    cursor.execute("SELECT %s::int AS n", (7,))
    bench.note(connection.isexecuting())
    wait_select(connection)
    bench.note(cursor.fetchall(), cursor.description, connection.isexecuting(), cursor.rowcount)
    cursor.execute("SELECT * FROM nowhere")
    bench.tried(lambda: wait_select(connection))
    bench.tried(connection.commit)
    bench.tried(connection.rollback)
    bench.tried(lambda: cursor.executemany("SELECT 1", [()]))
    cursor.callproc("upper", ("x",))
    wait_select(connection)
    bench.note(cursor.fetchone(), connection.autocommit, connection.get_transaction_status())
    cursor.execute("LISTEN news")
    wait_select(connection)
    cursor.execute("NOTIFY news, 'mine'")
    wait_select(connection)
    bench.note([(n.channel, n.payload) for n in connection.notifies])
    connection.close()
    refused = bench.connect(async_=True, port=9)
    bench.tried(lambda: wait_select(refused))
