"""Cases: how aiosqlite is used."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import aiosqlite

from tests.drivers.bench import Bench, case


async def table(bench: Bench, connection: Any, rows: int = 0) -> str:
    name = f"t_{bench.name}"
    await connection.execute(f"DROP TABLE IF EXISTS {name}")
    await connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
    many = [(f"n{n}",) for n in range(rows)]
    await connection.executemany(f"INSERT INTO {name} (name) VALUES (?)", many)
    await connection.commit()
    return name


@case("aiosqlite")
async def statements_of_aiosqlite(bench: Bench) -> None:
    async with aiosqlite.connect(bench.address) as connection:
        name = await table(bench, connection)
        cursor = await connection.execute(f"INSERT INTO {name} (name) VALUES (?)", ("a",))
        bench.note(cursor.lastrowid, cursor.rowcount, connection.in_transaction)
        row = await connection.execute_insert(f"INSERT INTO {name} (name) VALUES ('b')")
        bench.note(row, connection.total_changes)
        await connection.commit()
        bench.note(connection.in_transaction, isinstance(connection, aiosqlite.Connection))
        async with connection.execute(f"SELECT * FROM {name} ORDER BY id") as cursor:
            bench.note(cursor.description, await cursor.fetchone(), await cursor.fetchone())
            bench.note(await cursor.fetchone(), isinstance(cursor, aiosqlite.Cursor))
        bench.note(await connection.execute_fetchall(f"SELECT * FROM {name}"))
        async with connection.cursor() as cursor:
            await cursor.execute(f"SELECT * FROM {name} ORDER BY id")
            bench.note([row async for row in cursor], await cursor.fetchall())
            await cursor.executemany(f"INSERT INTO {name} (name) VALUES (?)", [("x",), ("y",)])
        await connection.rollback()
        await connection.executescript(f"INSERT INTO {name} (name) VALUES ('z');")
        bench.note(await connection.execute_fetchall(f"SELECT COUNT(*) FROM {name}"))
        bench.note([line async for line in connection.iterdump()])


@case("aiosqlite")
async def rows_of_aiosqlite(bench: Bench) -> None:
    async with aiosqlite.connect(bench.address) as connection:
        name = await table(bench, connection, rows=70)
        connection.row_factory = aiosqlite.Row
        async with connection.execute(f"SELECT id, name FROM {name} ORDER BY id") as cursor:
            rows = [row async for row in cursor]
        bench.note(len(rows), rows[0]["name"], type(rows[0]), rows[-1].keys(), tuple(rows[66]))
        async with connection.execute(f"SELECT id FROM {name} ORDER BY id") as cursor:
            bench.note([tuple(row) for row in await cursor.fetchmany(3)])


@case("aiosqlite")
async def errors_of_aiosqlite(bench: Bench) -> None:
    async with aiosqlite.connect(bench.address) as connection:
        name = await table(bench, connection, rows=1)
        await bench.tried_later(connection.execute("SELEKT"))
        await bench.tried_later(connection.execute(f"INSERT INTO {name} (name) VALUES ('n0')"))
        try:
            await connection.execute("SELECT * FROM nowhere")
        except aiosqlite.OperationalError as error:
            bench.note(type(error) is sqlite3.OperationalError)
    await bench.tried_later(connection.execute("SELECT 1"))
    await bench.tried_later(_open("/nowhere/at/all.db"))


async def _open(path: str) -> Any:
    async with aiosqlite.connect(path):
        return "open"


@case("aiosqlite")
async def one_statement_by_many_tasks_of_aiosqlite(bench: Bench) -> None:
    async with aiosqlite.connect(bench.address) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS counter (n)")
        await connection.execute("INSERT INTO counter VALUES (0)")

        async def one(number: int) -> Any:
            query = "UPDATE counter SET n = n + 1 RETURNING n"
            return number, list(await connection.execute_fetchall(query))

        bench.note(await asyncio.gather(*(one(n) for n in range(6))))
        await connection.commit()

        async def own(number: int) -> Any:
            async with aiosqlite.connect(bench.address) as mine:
                found = await mine.execute_fetchall("SELECT abs(random())")
                return number, list(found)

        bench.note(await asyncio.gather(*(own(n) for n in range(4))))


@case("aiosqlite")
async def functions_and_backups_of_aiosqlite(bench: Bench) -> None:
    async with aiosqlite.connect(":memory:") as connection:
        await connection.create_function("twice", 1, lambda n: n * 2)
        bench.note(list(await connection.execute_fetchall("SELECT twice(4)")))
        await connection.execute("CREATE TABLE a (b)")
        await connection.set_trace_callback(lambda _: None)
        async with aiosqlite.connect(":memory:") as other:
            await connection.backup(other)
            bench.note(list(await other.execute_fetchall("SELECT name FROM sqlite_master")))
        bench.note(connection.isolation_level, connection.row_factory, connection.text_factory)


@case("aiosqlite")
async def a_call_of_aiosqlite_that_is_cancelled(bench: Bench) -> None:
    async with aiosqlite.connect(bench.address) as connection:
        try:
            async with asyncio.timeout(0):
                await connection.execute("SELECT 1")
        except TimeoutError as error:
            bench.note(type(error))
        bench.note(list(await connection.execute_fetchall("SELECT 'again'")))
