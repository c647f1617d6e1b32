"""Cases: many things at once, and the asynchronous words."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.sql.bench import Bench, case
from tests.sql.cases.core import five, items
from tests.sql.cases.orm import Author, Base, Book


@case("psycopg2", "psycopg", "pymysql", "sqlite")
def threads_over_one_statement(bench: Bench) -> None:
    if bench.is_async:
        bench.note(asynchronous="tasks are its threads")
        return
    table = items(bench)
    with bench.created() as connection:
        five(connection, table)

    def ask(number: int) -> Any:
        with bench.engine.connect() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(table))
            name = connection.scalar(sa.select(table.c.name).where(table.c.id == number))
        return count, name

    with ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(copy_context().run, ask, n) for n in range(1, 6)]
        bench.note(found=[job.result() for job in jobs])


@case()
async def gathered_over_one_statement(bench: Bench) -> None:
    """Each task inserts its own number of rows into a table of its own name, and counts."""
    engine = bench.make_async_engine()
    metadata = sa.MetaData()
    table = sa.Table(bench.name, metadata, sa.Column("n", sa.Integer))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    async def ask(number: int) -> Any:
        async with engine.begin() as connection:
            await asyncio.sleep(0.001 * (5 - number))
            question = sa.select(sa.func.count()).select_from(table)
            before = await connection.scalar(question)
            if bench.system != "sqlite":
                await connection.execute(sa.insert(table), [{"n": number}] * number)
            after = await connection.scalar(question)
            await connection.rollback()
        return before, after

    bench.note(found=await asyncio.gather(*(ask(n) for n in range(1, 6))))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(n)) for n in range(1, 4)]
    bench.note(found=[task.result() for task in tasks])


@case()
async def streamed(bench: Bench) -> None:
    engine = bench.make_async_engine()
    table = items(bench)
    async with engine.begin() as connection:
        await connection.run_sync(bench.metadata.create_all)
        await connection.execute(
            sa.insert(table), [{"id": n, "name": f"item {n}"} for n in range(1, 121)]
        )
    statement = sa.select(table).order_by(table.c.id)
    async with engine.connect() as connection:
        result = await connection.stream(statement)
        bench.note(keys=list(result.keys()), one=await result.fetchone())
        bench.note(many=await result.fetchmany(60), rest=len(await result.all()))
        async with connection.stream(statement) as again:
            bench.note(first=[row.id async for row in again][:5])
        scalars = await connection.stream_scalars(statement)
        bench.note(pages=[len(page) async for page in scalars.partitions(50)])
        result = await connection.stream(statement, execution_options={"yield_per": 30})
        bench.note(pages=[len(page) async for page in result.partitions()])
        result = await connection.stream(statement)
        bench.note(one=await result.fetchone())
        await result.close()
        bench.note(counted=(await connection.execute(sa.update(table).values(stock=1))).rowcount)
        bench.note(
            mapping=dict((await (await connection.stream(statement)).mappings().first()) or {})
        )


@case()
async def an_asynchronous_session(bench: Bench) -> None:
    engine = bench.make_async_engine()
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    session_of = async_sessionmaker(engine, expire_on_commit=False)
    async with session_of() as session:
        session.add(Author(name="ann", books=[Book(title="a"), Book(title="b")]))
        await session.commit()
        found = await session.scalars(sa.select(Author))
        author = found.one()
        await session.refresh(author, ["books"])
        bench.note(books=[book.title for book in author.books])
        streamed = await session.stream_scalars(sa.select(Book).order_by(Book.id))
        bench.note(streamed=[book.title async for book in streamed])
        session.add(Author(name="ann"))
        try:
            await session.commit()
        except IntegrityError as error:
            bench.note(error=error)
        await session.rollback()
    async with AsyncSession(engine) as session, session.begin():
        bench.note(count=await session.scalar(sa.select(sa.func.count(Author.id))))
        bench.note(got=(await session.get_one(Author, 1)).name)


@case()
async def a_task_that_is_cancelled(bench: Bench) -> None:
    engine = bench.make_async_engine()
    slow = {"postgresql": "SELECT pg_sleep(9)", "mysql": "SELECT sleep(9)"}.get(bench.system)

    async def ask() -> Any:
        async with engine.connect() as connection:
            return await connection.scalar(sa.text(slow or "SELECT 1"))

    task = asyncio.create_task(ask())
    await asyncio.sleep(0.2 if slow else 0)
    task.cancel()
    try:
        bench.note(found=await task)
    except asyncio.CancelledError as error:
        bench.note(cancelled=type(error).__name__)
    async with engine.connect() as connection:
        bench.note(after=await connection.scalar(sa.text("SELECT 2")))


@case("postgresql", "mysql")
async def a_time_limit(bench: Bench) -> None:
    engine = bench.make_async_engine()
    slow = {"postgresql": "SELECT pg_sleep(9)", "mysql": "SELECT sleep(9)"}[bench.system]
    async with engine.connect() as connection:
        try:
            async with asyncio.timeout(0.2):
                await connection.execute(sa.text(slow))
        except TimeoutError as error:
            bench.note(error=type(error).__name__)
    async with engine.connect() as connection:
        bench.note(after=await connection.scalar(sa.text("SELECT 2")))
