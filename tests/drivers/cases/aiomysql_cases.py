"""Cases: how aiomysql is used."""

from __future__ import annotations

import asyncio
from typing import Any

import aiomysql
import pymysql

from tests.drivers.bench import Bench, case


async def table(bench: Bench, connection: Any, rows: int = 0) -> str:
    name = f"t_{bench.name}"
    async with connection.cursor() as cursor:
        await cursor.execute(f"DROP TABLE IF EXISTS {name}")
        await cursor.execute(
            f"CREATE TABLE {name} (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) UNIQUE)"
        )
        for number in range(rows):
            await cursor.execute(f"INSERT INTO {name} (name) VALUES (%s)", (f"n{number}",))
    await connection.commit()
    return name


@case("aiomysql")
async def statements_of_aiomysql(bench: Bench) -> None:
    connection = await aiomysql.connect(**bench.address)
    name = await table(bench, connection)
    async with connection.cursor() as cursor:
        bench.note(await cursor.execute(f"INSERT INTO {name} (name) VALUES (%s)", ("a",)))
        bench.note(cursor.lastrowid, cursor.rowcount, connection.insert_id())
        insert = f"INSERT INTO {name} (name) VALUES (%s)"
        bench.note(await cursor.executemany(insert, [("b",), ("c",)]))
        await connection.commit()
        bench.note(await cursor.execute(f"SELECT * FROM {name} ORDER BY id"), cursor.description)
        bench.note(await cursor.fetchone(), await cursor.fetchmany(1), await cursor.fetchall())
        bench.note(await cursor.fetchone(), cursor.rownumber, isinstance(cursor, aiomysql.Cursor))
        await cursor.execute("SELECT %(a)s, %(b)s", {"a": 1, "b": "x'y"})
        bench.note(await cursor.fetchall())
    await connection.rollback()
    connection.close()
    bench.note(connection.closed)


@case("aiomysql")
async def cursor_classes_of_aiomysql(bench: Bench) -> None:
    connection = await aiomysql.connect(**bench.address)
    name = await table(bench, connection, rows=4)
    for kind in (aiomysql.DictCursor, aiomysql.SSCursor, aiomysql.SSDictCursor, aiomysql.Cursor):
        async with connection.cursor(kind) as cursor:
            await cursor.execute(f"SELECT id, name FROM {name} ORDER BY id")
            bench.note(await cursor.fetchone(), await cursor.fetchmany(2), await cursor.fetchall())
            await cursor.execute(f"SELECT id FROM {name} ORDER BY id")
            bench.note([row async for row in cursor])
    await connection.ensure_closed()


@case("aiomysql")
async def pools_of_aiomysql(bench: Bench) -> None:
    pool = await aiomysql.create_pool(minsize=1, maxsize=3, autocommit=True, **bench.address)
    async with pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT 1")
        bench.note(await cursor.fetchone(), connection.get_autocommit())
        name = await table(bench, connection, rows=1)
        await cursor.execute(f"ALTER TABLE {name} ADD n INT DEFAULT 0")

    async def one(number: int) -> Any:
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(f"UPDATE {name} SET n = LAST_INSERT_ID(n + 1)")
            await cursor.execute("SELECT LAST_INSERT_ID()")
            return number, await cursor.fetchone()

    bench.note(await asyncio.gather(*(one(n) for n in range(6))))
    pool.close()
    await pool.wait_closed()


@case("aiomysql")
async def errors_of_aiomysql(bench: Bench) -> None:
    connection = await aiomysql.connect(**bench.address)
    name = await table(bench, connection, rows=1)
    cursor = await connection.cursor()
    await bench.tried_later(cursor.execute("SELEKT"))
    await bench.tried_later(cursor.execute(f"INSERT INTO {name} (name) VALUES ('n0')"))
    try:
        await cursor.execute("SELECT * FROM nowhere")
    except aiomysql.ProgrammingError as error:
        bench.note(type(error) is pymysql.err.ProgrammingError)
    await cursor.close()
    connection.close()
    await bench.tried_later(_connected({**bench.address, "password": "wrong"}))
    await bench.tried_later(_connected({**bench.address, "port": 9}))
    await bench.tried_later(_connected({**bench.address, "db": "nowhere"}))


async def _connected(address: dict[str, Any]) -> Any:
    return await aiomysql.connect(**address)


@case("aiomysql")
async def what_aiomysql_says_of_itself(bench: Bench) -> None:
    connection = await aiomysql.connect(init_command="SET @mine = 7", **bench.address)
    bench.note(
        connection.get_server_info(),
        connection.get_host_info(),
        connection.get_proto_info(),
        connection.character_set_name(),
        connection.get_autocommit(),
        connection.thread_id(),
        connection.db,
        connection.host,
        connection.escape("a'b"),
    )
    await connection.autocommit(True)
    bench.note(connection.get_autocommit(), await connection.ping())
    await connection.select_db("mysql")
    await connection.begin()
    cursor = await connection.cursor()
    await cursor.execute("SELECT @mine, DATABASE()")
    bench.note(await cursor.fetchone())
    await cursor.execute("SELECT 1; SELECT 2")
    bench.note(await cursor.fetchall(), await cursor.nextset(), await cursor.fetchall())
    await cursor.execute("SELECT 1/0")
    bench.note(await cursor.fetchone(), await connection.show_warnings())
    connection.close()


@case("aiomysql")
async def a_call_of_aiomysql_that_is_cancelled(bench: Bench) -> None:
    connection = await aiomysql.connect(**bench.address)
    cursor = await connection.cursor()
    try:
        async with asyncio.timeout(0.2):
            await cursor.execute("SELECT SLEEP(5)")
    except TimeoutError as error:
        bench.note(type(error), connection.closed)
    await bench.tried_later(cursor.execute("SELECT 1"))
    connection.close()
