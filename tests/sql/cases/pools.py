"""Cases: pools, creators and what listens to them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import pool

from tests.sql.bench import Bench, case


def _one(engine: Any, bench: Bench) -> None:
    for _ in range(2):
        with engine.connect() as connection:
            bench.note(one=connection.scalar(sa.text("SELECT 1")))


@case()
def kinds_of_pools(bench: Bench) -> None:
    for kind in (pool.NullPool, pool.StaticPool, pool.AssertionPool):
        engine = bench.make_engine(poolclass=kind)
        _one(engine, bench)
        bench.note(pool=type(engine.pool).__name__, status=engine.pool.status())
    kind = pool.AsyncAdaptedQueuePool if bench.is_async else pool.QueuePool
    engine = bench.make_engine(poolclass=kind, pool_size=1, max_overflow=1)
    with engine.connect() as first, engine.connect() as second:
        bench.note(
            first=first.scalar(sa.text("SELECT 1")), second=second.scalar(sa.text("SELECT 2"))
        )
    bench.note(status=engine.pool.status())


@case()
def what_create_engine_takes_for_an_engine(bench: Bench) -> None:
    """It looks for the names in the code of ``Engine.__init__``."""
    engine = bench.make_engine(
        echo=False,
        logging_name="shop",
        query_cache_size=10,
        hide_parameters=True,
        execution_options={"logging_token": "a"},
    )
    _one(engine, bench)
    bench.note(name=engine.logging_name, options=dict(engine.get_execution_options()))


@case()
def pinged_before_use(bench: Bench) -> None:
    engine = bench.make_engine(pool_pre_ping=True)
    _one(engine, bench)
    _one(engine, bench)


@case()
def a_pool_that_is_empty(bench: Bench) -> None:
    kind = pool.AsyncAdaptedQueuePool if bench.is_async else pool.QueuePool
    engine = bench.make_engine(poolclass=kind, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with engine.connect():
        bench.tried(engine.connect)


@case()
def recycled_and_disposed(bench: Bench) -> None:
    engine = bench.make_engine(pool_recycle=0)
    _one(engine, bench)
    engine.dispose()
    _one(engine, bench)
    with engine.connect() as connection:
        connection.invalidate()
        bench.note(again=connection.invalidated)
        bench.note(one=connection.scalar(sa.text("SELECT 1")))
        connection.detach()


@case()
def a_listener_that_runs_sql_on_connect(bench: Bench) -> None:
    engine = bench.make_engine()
    statement = {
        "sqlite": "PRAGMA foreign_keys=ON",
        "postgresql": "SET search_path = public",
        "mysql": "SET SESSION sql_mode = 'ANSI'",
    }[bench.system]

    def connected(dbapi_connection, record):
        cursor = dbapi_connection.cursor()
        cursor.execute(statement)
        cursor.execute("SELECT 5")
        bench.note(five=[tuple(row) for row in cursor.fetchall()])
        cursor.close()
        record.info["ours"] = "kept"

    def checked_out(dbapi_connection, record, proxy):
        cursor = dbapi_connection.cursor()
        cursor.execute("SELECT 6")
        bench.note(six=tuple(cursor.fetchone()), info=record.info.get("ours"))
        cursor.close()

    seen: list[str] = []
    bench.listen(engine, "connect", connected)
    bench.listen(engine, "checkout", checked_out)
    for name in ("first_connect", "checkin", "reset", "close", "invalidate", "close_detached"):
        bench.listen(engine, name, lambda *_, name=name: seen.append(name))
    _one(engine, bench)
    bench.note(seen=seen)


@case("sqlite")
def the_recipe_for_foreign_keys(bench: Bench) -> None:
    """As SQLAlchemy's documentation has it: by the class of the driver's connection."""
    import sqlite3

    engine = bench.make_engine()

    def connected(dbapi_connection, record):
        bench.note(known=isinstance(dbapi_connection, sqlite3.Connection))
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    bench.listen(engine, "connect", connected)
    with engine.connect() as connection:
        bench.note(on=connection.scalar(sa.text("PRAGMA foreign_keys")))


@case()
def listeners_to_statements(bench: Bench) -> None:
    engine = bench.make_engine()
    seen: list[Any] = []

    def before(connection, cursor, statement, parameters, context, many):
        seen.append((statement, parameters, many))

    def after(connection, cursor, statement, parameters, context, many):
        seen.append((cursor.rowcount, cursor.description is not None))

    bench.listen(engine, "before_cursor_execute", before)
    bench.listen(engine, "after_cursor_execute", after)
    for name in ("begin", "commit", "rollback"):
        bench.listen(engine, name, lambda *_, name=name: seen.append(name))
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT :n"), {"n": "x"})
    bench.note(seen=seen)


@case()
def a_do_connect_listener(bench: Bench) -> None:
    """It changes what is connected with, or connects by itself."""
    engine = bench.make_engine()

    def change(dialect, record, cargs, cparams):
        bench.note(connecting=dialect.name)

    def connect(dialect, record, cargs, cparams):
        return dialect.connect(*cargs, **cparams)

    bench.listen(engine, "do_connect", change)
    _one(engine, bench)
    engine = bench.make_engine()
    bench.listen(engine, "do_connect", connect)
    _one(engine, bench)


def _creator(bench: Bench) -> Any:  # noqa: PLR0911 - one for each driver
    url = bench.url
    address = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    if bench.kind == "sqlite":
        import sqlite3

        return lambda: sqlite3.connect(str(url.database))
    if bench.kind == "aiosqlite":
        import aiosqlite

        return lambda: aiosqlite.connect(str(url.database))
    if bench.kind == "psycopg":
        import psycopg

        return lambda: psycopg.connect(dbname=url.database, **address)
    if bench.kind == "psycopg-async":
        import psycopg

        return lambda: psycopg.AsyncConnection.connect(dbname=url.database, **address)
    if bench.kind == "psycopg2":
        import psycopg2

        return lambda: psycopg2.connect(dbname=url.database, **address)
    if bench.kind == "asyncpg":
        import asyncpg

        return lambda: asyncpg.connect(database=url.database, **address)
    if bench.kind == "pymysql":
        import pymysql

        return lambda: pymysql.connect(database=url.database, **address)
    import aiomysql

    return lambda: aiomysql.connect(db=url.database, **address)


@case()
def a_creator_of_its_own(bench: Bench) -> None:
    create = _creator(bench)
    bare = f"{bench.url.drivername}://"
    if bench.is_async:

        async def later() -> Any:
            return await create()

        engine = bench.make_engine(bare, async_creator=later)
    else:
        engine = bench.make_engine(bare, creator=create)
    _one(engine, bench)
    with engine.connect() as connection:
        bench.tried(lambda: connection.execute(sa.text("SELECT * FROM nowhere")))


@case("sqlite", "psycopg", "psycopg2", "pymysql")
def a_pool_of_its_own(bench: Bench) -> None:
    if bench.is_async:
        bench.note(asynchronous="an asynchronous engine takes an asynchronous creator")
        return
    made = pool.QueuePool(_creator(bench), pool_size=2)
    _one(bench.make_engine(f"{bench.url.drivername}://", pool=made), bench)
    raw = made.connect()
    cursor = raw.cursor()
    cursor.execute("SELECT 3")
    bench.note(three=[tuple(row) for row in cursor.fetchall()])
    raw.close()
