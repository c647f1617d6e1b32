"""Cases: what an application asks of the driver's own connection."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tests.sql.bench import Bench, case
from tests.sql.cases.core import items


@case()
def raw_connections(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        connection.execute(sa.insert(table).values(name="one"))
    raw = bench.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"SELECT * FROM {table.name}")
        bench.note(description=[tuple(c) for c in cursor.description or ()])
        bench.note(rows=[tuple(row) for row in cursor.fetchall()], rowcount=cursor.rowcount)
        cursor.close()
        raw.commit()
        raw.rollback()
    finally:
        raw.close()


@case("sqlite", "psycopg", "psycopg2", "pymysql")
def ways_of_a_raw_cursor(bench: Bench) -> None:
    raw = bench.engine.raw_connection()
    cursor: Any = raw.cursor()
    cursor.execute("SELECT 1 UNION SELECT 2 UNION SELECT 3")
    bench.note(arraysize=cursor.arraysize)
    bench.note(one=cursor.fetchone(), many=cursor.fetchmany(), rest=cursor.fetchall())
    bench.note(none=cursor.fetchone(), nothing=cursor.fetchall())
    cursor.execute("SELECT 1 UNION SELECT 2")
    bench.note(iterated=list(cursor))
    bench.note(description=cursor.description, rowcount=cursor.rowcount)
    bench.note(bad=bench.tried(lambda: cursor.execute("SELEKT")))
    raw.close()


@case("sqlite", "psycopg", "psycopg2", "pymysql")
def a_cursor_without_a_result(bench: Bench) -> None:
    raw = bench.engine.raw_connection()
    cursor = raw.cursor()
    bench.tried(cursor.fetchone)
    bench.tried(cursor.fetchall)
    cursor.execute("CREATE TEMPORARY TABLE nothing_yet (id INTEGER)")
    bench.note(description=cursor.description, rowcount=cursor.rowcount)
    bench.tried(cursor.fetchone)
    cursor.close()
    bench.tried(lambda: cursor.execute("SELECT 1"))
    raw.close()


@case("psycopg2")
def psycopg2_asked(bench: Bench) -> None:
    from psycopg2 import extras

    with bench.engine.connect() as connection:
        real: Any = connection.connection.driver_connection
        bench.note(
            version=real.server_version,
            encoding=real.encoding,
            closed=real.closed,
            autocommit=real.autocommit,
            level=real.isolation_level,
            status=real.status,
            transaction=real.get_transaction_status(),
            parameter=real.get_parameter_status("server_encoding"),
            database=real.info.dbname,
            user=real.info.user,
            protocol=real.protocol_version,
        )
        with real.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE pairs (a int, b text)")
            bench.note(mogrified=cursor.mogrify("%s, %s", (1, "x'y")))
            extras.execute_values(cursor, "INSERT INTO pairs VALUES %s", [(1, "a"), (2, "b")])
            bench.note(status=cursor.statusmessage, query=cursor.query)
            extras.execute_batch(cursor, "INSERT INTO pairs VALUES (%s, %s)", [(3, "c"), (4, "d")])
            cursor.execute("SELECT * FROM pairs ORDER BY a")
            bench.note(rows=cursor.fetchall(), rownumber=cursor.rownumber)
        with real.cursor("named") as cursor:
            cursor.execute("SELECT * FROM pairs ORDER BY a")
            bench.note(one=cursor.fetchone(), rest=list(cursor))
        connection.execute(sa.text("DO $$ BEGIN RAISE NOTICE 'heard'; END $$"))
        bench.note(notices=list(real.notices))


@case("psycopg")
def psycopg_asked(bench: Bench) -> None:
    if bench.is_async:
        bench.note(asynchronous="its driver's connection is another one")
        return
    from psycopg.rows import dict_row

    with bench.engine.connect() as connection:
        real: Any = connection.connection.driver_connection
        bench.note(
            version=real.info.server_version,
            encoding=real.info.encoding,
            database=real.info.dbname,
            parameter=real.info.parameter_status("server_encoding"),
            idle=real.info.transaction_status == 0,
            closed=real.closed,
            broken=real.broken,
            autocommit=real.autocommit,
            level=real.isolation_level,
        )
        with real.cursor(row_factory=dict_row) as cursor:
            bench.note(rows=cursor.execute("SELECT 1 AS one, 2 AS two").fetchall())
            bench.note(status=cursor.statusmessage)
        bench.note(direct=real.execute("SELECT %s", ["x"]).fetchone())


@case("pymysql")
def pymysql_asked(bench: Bench) -> None:
    import pymysql

    with bench.engine.connect() as connection:
        real: Any = connection.connection.driver_connection
        bench.note(
            info=real.get_server_info(),
            host=real.get_host_info(),
            charset=real.character_set_name(),
            autocommit=real.get_autocommit(),
            thread=real.thread_id(),
            open=real.open,
        )
        with real.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SELECT 1 AS one")
            bench.note(rows=cursor.fetchall(), literal=real.escape("a'b"))


@case("sqlite")
def sqlite_asked(bench: Bench) -> None:
    if bench.is_async:
        bench.note(asynchronous="its driver's connection is another one")
        return
    with bench.engine.connect() as connection:
        real: Any = connection.connection.driver_connection
        real.create_function("twice", 1, lambda n: n * 2)
        bench.note(two=connection.scalar(sa.text("SELECT twice(1)")))
        bench.note(
            changes=real.total_changes, inside=real.in_transaction, level=real.isolation_level
        )
        real.executescript("CREATE TABLE scripted (id INTEGER); INSERT INTO scripted VALUES (1)")
        bench.note(direct=real.execute("SELECT * FROM scripted").fetchall())
        bench.note(many=real.executemany("INSERT INTO scripted VALUES (?)", [(2,), (3,)]).rowcount)


@case("mysql")
def stored_procedures(bench: Bench) -> None:
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("DROP PROCEDURE IF EXISTS pairs_of")
        connection.exec_driver_sql(
            "CREATE PROCEDURE pairs_of(IN n INT) BEGIN SELECT n; SELECT n + 1, n + 2; END"
        )
    raw = bench.engine.raw_connection()
    cursor = raw.cursor()
    if not bench.is_async:
        bench.note(returned=cursor.callproc("pairs_of", (5,)))
        bench.note(first=cursor.fetchall(), more=cursor.nextset())
        bench.note(second=cursor.fetchall(), more=cursor.nextset(), last=cursor.nextset())
    cursor.execute("CALL pairs_of(7)")
    bench.note(first=[tuple(r) for r in cursor.fetchall()])
    if hasattr(cursor, "nextset"):  # SQLAlchemy 2.0.30 has none over aiomysql
        bench.note(more=cursor.nextset(), second=[tuple(r) for r in cursor.fetchall()])
    cursor.close()
    raw.close()


@case("psycopg", "psycopg2")
def stored_functions(bench: Bench) -> None:
    with bench.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION add_one(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 1'"
        )
        bench.note(two=connection.scalar(sa.select(sa.func.add_one(1))))
        if bench.kind == "psycopg2":
            raw = connection.connection
            cursor = raw.cursor()
            cursor.callproc("add_one", [4])
            bench.note(five=cursor.fetchall())
        statement = sa.text("SELECT * FROM generate_series(1, 3) AS n")
        bench.result(connection.execute(statement))


@case("psycopg2")
def batches_of_psycopg2(bench: Bench) -> None:
    table = items(bench)
    engine: Any = bench.make_engine(executemany_mode="values_plus_batch")
    bench.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(table), [{"name": f"n{n}"} for n in range(5)])
        change = sa.update(table).where(table.c.id == sa.bindparam("which")).values(stock=1)
        bench.result(connection.execute(change, [{"which": 1}, {"which": 2}]))
        bench.result(connection.execute(sa.select(table).order_by(table.c.id)))


@case()
def what_a_driver_has_not(bench: Bench) -> None:
    """OpenTelemetry's instrumentor asks a cursor for its `connection`, and that for its `info`."""
    raw = bench.engine.raw_connection()
    cursor = raw.cursor()
    connection: Any = getattr(cursor, "connection", None)
    bench.note(cursor_has_connection=connection is not None)
    bench.note(connection_has_info=hasattr(connection or raw.dbapi_connection, "info"))
    cursor.close()
    raw.close()
