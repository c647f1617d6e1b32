"""Cases: what psycopg 3 does piece by piece: `COPY`, streams, pipelines, server-side cursors."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg as typed_psycopg
from psycopg import copy as copying
from psycopg import rows, sql

from tests.drivers.bench import Bench, case
from tests.drivers.cases.shared import table

psycopg: Any = typed_psycopg


@case("psycopg")
def copying_to_the_server(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection, connection.cursor() as cursor:
        name = table(bench, connection)
        with cursor.copy(f"COPY {name} (id, name) FROM STDIN") as copy:
            copy.write_row((1, "one\ttab"))
            copy.write_row([2, None])
            copy.write("3\tthree\n")
            copy.write(b"4\tfour\n")
        bench.note(cursor.rowcount, cursor.statusmessage, cursor.description)
        with cursor.copy(f"COPY {name} (id, name) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "text"])
            copy.write_row((5, "five"))
        with cursor.copy(
            f"COPY {name} (id, name) FROM STDIN", writer=copying.QueuedLibpqWriter(cursor)
        ) as copy:
            for number in range(6, 200):
                copy.write_row((number, f"n{number}"))
        bench.note(cursor.rowcount)
        bench.note(cursor.execute(f"SELECT id, name FROM {name} WHERE id < 6").fetchall())
        bench.tried(lambda: cursor.copy(f"COPY {name} FROM STDIN").__enter__().write(7))


@case("psycopg")
def copying_to_the_server_that_fails(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection, connection.cursor() as cursor:
        name = table(bench, connection)
        connection.commit()

        def bad_rows() -> None:
            with cursor.copy(f"COPY {name} (id) FROM STDIN") as copy:
                copy.write("no number\n")

        def broken_off() -> None:
            with cursor.copy(f"COPY {name} (id) FROM STDIN") as copy:
                copy.write("1\n")
                raise KeyError("mine")

        for run in (bad_rows, broken_off):
            bench.tried(run)
            bench.note(connection.info.transaction_status)
            connection.rollback()
        for statement in ("COPY nowhere FROM STDIN", "SELECT 1", f"COPY {name} FROM '/x'"):
            bench.tried(lambda text=statement: cursor.copy(text).__enter__())
            bench.note(connection.info.transaction_status)
            connection.rollback()
        bench.note(connection.execute(f"SELECT count(*) FROM {name}").fetchone())


@case("psycopg")
def copying_from_the_server(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection, connection.cursor() as cursor:
        name = table(bench, connection, rows=5)
        query = f"SELECT id, name, NULL, '2024-02-29'::date, 1.5 FROM {name} ORDER BY id"
        with cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
            bench.note(list(copy), cursor.rowcount)
        bench.note(cursor.rowcount, cursor.statusmessage, cursor.description)
        with cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
            copy.set_types(["int4", "text", "text", "date", "numeric"])
            bench.note(list(copy.rows()))
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "text", "text", "date", "numeric"])
            bench.note(copy.read_row(), list(copy.rows()), copy.read_row())
        query = f"COPY (SELECT id FROM {name} WHERE id > %s AND name <> %s ORDER BY id) TO STDOUT"
        with cursor.copy(query, (2, "it's")) as copy:
            bench.note(copy.read(), copy.read(), copy.read(), copy.read(), copy.read())
        composed = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
        with cursor.copy(composed) as copy:
            bench.note(b"".join(bytes(part) for part in copy))


@case("psycopg")
def copying_from_the_server_in_part(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection, connection.cursor() as cursor:

        def broken_off() -> None:
            with cursor.copy("COPY (SELECT generate_series(1, 200000)) TO STDOUT") as copy:
                copy.read()
                raise KeyError("mine")

        def failing() -> None:
            with cursor.copy(
                "COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT"
            ) as copy:
                for part in copy:
                    bench.note(part)

        bench.tried(broken_off)
        connection.rollback()
        bench.tried(failing)
        bench.note(connection.info.transaction_status)
        connection.rollback()
        bench.note(connection.execute("SELECT 'on'").fetchone())


@case("psycopg_async")
async def copying_without_waiting(bench: Bench) -> None:
    async with await psycopg.AsyncConnection.connect(bench.address) as connection:
        await connection.execute("CREATE TABLE copied (id int, name text)")
        cursor = connection.cursor()
        async with cursor.copy("COPY copied FROM STDIN") as copy:
            for number in range(3):
                await copy.write_row((number, f"n{number}"))
        bench.note(cursor.rowcount)
        async with cursor.copy("COPY copied FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "text"])
            await copy.write_row((9, "nine"))
        async with cursor.copy("COPY copied TO STDOUT") as copy:
            bench.note([bytes(part) async for part in copy])
        async with cursor.copy("COPY copied TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "text"])
            bench.note([row async for row in copy.rows()])

        async def bad() -> None:
            async with cursor.copy("COPY copied FROM STDIN") as copy:
                await copy.write("x\ty\n")

        await bench.tried_later(bad())
        bench.note(connection.info.transaction_status)
        await connection.rollback()


@case("psycopg")
def streaming(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection, connection.cursor() as cursor:
        query = "SELECT n, 'x' || n FROM generate_series(1, %s) n"
        bench.note(list(cursor.stream(query, (4,))), cursor.rowcount, cursor.statusmessage)
        bench.note(list(cursor.stream(query, (2,), binary=True)))
        with connection.cursor(row_factory=rows.dict_row) as named:
            for row in named.stream("SELECT 1 AS a, 2 AS b"):
                bench.note(row, [c.name for c in named.description or ()])
        bench.note(list(cursor.stream("SELECT 1 WHERE false")), connection.info.transaction_status)
        for row in cursor.stream(query, (100_000,)):
            bench.note(row)
            break
        bench.note(connection.info.transaction_status)
        connection.rollback()

        def fails_late() -> None:
            for row in cursor.stream("SELECT 1 / (3 - n) FROM generate_series(1, 5) n"):
                bench.note(row)

        bench.tried(fails_late)
        bench.note(connection.info.transaction_status)
        connection.rollback()
        bench.tried(lambda: list(cursor.stream("SELEKT")))
        connection.rollback()
        bench.tried(lambda: list(cursor.stream("CREATE TABLE streamed (n int)")))
        bench.note(connection.execute("SELECT 'on'").fetchone())


@case("psycopg_async")
async def streaming_without_waiting(bench: Bench) -> None:
    async with await psycopg.AsyncConnection.connect(bench.address) as connection:
        cursor = connection.cursor()
        query = "SELECT n FROM generate_series(1, %s) n"
        bench.note([row async for row in cursor.stream(query, (3,))])
        await bench.tried_later(anext(cursor.stream("SELECT * FROM nowhere")))
        await connection.rollback()
        bench.note(await (await connection.execute("SELECT 'on'")).fetchone())


@case("psycopg")
def server_side_cursors_of_psycopg(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        name = table(bench, connection, rows=20)
        query = f"SELECT id, name FROM {name} WHERE id > %s ORDER BY id"
        with connection.cursor("mine", row_factory=rows.dict_row) as cursor:
            cursor.execute(query, (2,))
            bench.note(cursor.name, cursor.scrollable, cursor.withhold, cursor.rowcount)
            bench.note([c.name for c in cursor.description or ()], cursor.statusmessage)
            bench.note(cursor.fetchone(), cursor.rownumber, cursor.fetchmany(2), cursor.rownumber)
            cursor.itersize = 4
            bench.note(list(cursor), cursor.fetchone(), cursor.fetchall())
        with connection.cursor("scrolling", scrollable=True) as cursor:
            cursor.execute(query, (0,))
            cursor.scroll(5)
            bench.note(cursor.fetchone())
            cursor.scroll(1, mode="absolute")
            bench.note(cursor.fetchone(), cursor.rownumber)
            cursor.execute("SELECT 'again'")
            bench.note(cursor.fetchall())
        with connection.cursor("held", withhold=True, binary=True) as cursor:
            cursor.execute(query, (17,))
            connection.commit()
            bench.note(cursor.fetchall(), connection.info.transaction_status)
        with connection.cursor("wrong") as cursor:
            bench.tried(lambda: cursor.execute("SELECT * FROM nowhere"))
            bench.note(connection.info.transaction_status)
            connection.rollback()
        connection.execute(f"DECLARE theirs CURSOR FOR SELECT name FROM {name} ORDER BY 1")
        bench.tried(lambda: connection.cursor("absent").fetchone())
        connection.rollback()


@case("psycopg")
def a_cursor_that_was_declared_elsewhere(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        connection.execute("DECLARE theirs CURSOR FOR SELECT generate_series(1, 4)")
        with connection.cursor("theirs") as cursor:
            bench.note(cursor.fetchone(), cursor.fetchall())


@case("psycopg_async")
async def server_side_cursors_without_waiting(bench: Bench) -> None:
    async with await psycopg.AsyncConnection.connect(bench.address) as connection:
        async with connection.cursor("mine") as cursor:
            await cursor.execute("SELECT n FROM generate_series(1, 250) n")
            bench.note(await cursor.fetchone(), await cursor.fetchmany(3))
            bench.note(len([row async for row in cursor]))
        async with connection.cursor("again", scrollable=True) as cursor:
            await cursor.execute("SELECT n FROM generate_series(1, 9) n")
            await cursor.scroll(7)
            bench.note(await cursor.fetchall())


@case("psycopg")
def pipelines(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        name = table(bench, connection)
        connection.commit()
        insert = f"INSERT INTO {name} (name) VALUES (%s)"
        with connection.pipeline() as pipeline:
            bench.note(pipeline.status, connection.info.pipeline_status)
            one = connection.execute(f"{insert} RETURNING id", ("a",))
            two = connection.execute("SELECT %s::int, 'x'", (2,))
            connection.execute(insert, ("b",))
            bench.note(two.fetchall(), one.fetchone(), one.rowcount, one.statusmessage)
            pipeline.sync()
            with connection.pipeline():
                three = connection.execute(f"SELECT count(*) FROM {name}")
            bench.note(three.fetchone())
            many = connection.cursor()
            many.executemany(insert, [("c",), ("d",)])
            returned = connection.cursor()
            returned.executemany(f"{insert} RETURNING name", [("e",), ("f",)], returning=True)
            bench.note(returned.fetchall(), returned.nextset(), returned.fetchall())
        bench.note(many.rowcount, many.statusmessage, connection.info.transaction_status)
        bench.note(connection.execute(f"SELECT name FROM {name} ORDER BY id").fetchall())


@case("psycopg")
def pipelines_with_transactions(bench: Bench) -> None:
    with psycopg.connect(bench.address, autocommit=True) as connection:
        name = table(bench, connection)
        insert = f"INSERT INTO {name} (name) VALUES (%s)"
        with connection.pipeline():
            with connection.transaction():
                connection.execute(insert, ("a",))
                with connection.transaction():
                    cursor = connection.execute(f"SELECT name FROM {name}")
            bench.note(cursor.fetchall(), connection.info.transaction_status)
            try:
                with connection.transaction():
                    connection.execute(insert, ("b",))
                    raise KeyError("mine")  # noqa: TRY301 - what rolls it back
            except KeyError as error:
                bench.note(error)
        bench.note(connection.info.transaction_status)
        bench.note(connection.execute(f"SELECT name FROM {name} ORDER BY id").fetchall())


@case("psycopg")
def pipelines_with_errors(bench: Bench) -> None:
    with psycopg.connect(bench.address, autocommit=True) as connection:
        name = table(bench, connection)

        def within(*statements: str, prepare: bool | None = None) -> None:
            cursors = []
            try:
                with connection.pipeline():
                    for statement in statements:
                        cursors.append(connection.cursor())
                        cursors[-1].execute(statement, prepare=prepare)
            finally:
                for cursor in cursors:
                    bench.tried(cursor.fetchall)

        for prepare in (None, True):
            for statements in (
                ("SELECT 1", "SELECT * FROM nowhere", "SELECT 2"),
                ("SELECT 1/0", "SELECT 2", "SELECT 3"),
                ("SELEKT",),
            ):
                bench.tried(lambda s=statements, p=prepare: within(*s, prepare=p))
                bench.note(connection.info.transaction_status)

        def mended() -> None:
            with connection.pipeline() as pipeline:
                connection.execute("SELECT 1/0")
                bench.tried(pipeline.sync)
                bench.note(connection.execute("SELECT 'on'").fetchone())

        bench.tried(mended)

        def unique() -> None:
            with connection.pipeline(), connection.transaction():
                connection.execute(f"INSERT INTO {name} (id) VALUES (1)")
                connection.execute(f"INSERT INTO {name} (id) VALUES (1)")

        bench.tried(unique)
        bench.note(connection.execute(f"SELECT count(*) FROM {name}").fetchone())
    bench.tried(lambda: connection.pipeline().__enter__())


@case("psycopg_async")
async def pipelines_without_waiting(bench: Bench) -> None:
    async with await psycopg.AsyncConnection.connect(bench.address) as connection:
        async with connection.pipeline() as pipeline:
            one = await connection.execute("SELECT 1")
            two = await connection.execute("SELECT %s::text", ("zwei",), prepare=True)
            await pipeline.sync()
            bench.note(await one.fetchall(), await two.fetchall())
            three = connection.cursor()
            await three.executemany("SELECT %s::int", [(1,), (2,)], returning=True)
            bench.note(await three.fetchall(), three.nextset(), await three.fetchall())

        async def failing() -> None:
            async with connection.pipeline():
                await connection.execute("SELECT 1/0")
                await connection.execute("SELECT 1")

        await bench.tried_later(failing())
        bench.note(connection.info.transaction_status)
        await connection.rollback()


@case("psycopg")
def what_psycopg_hears(bench: Bench) -> None:
    with (
        psycopg.connect(bench.address, autocommit=True) as connection,
        psycopg.connect(bench.address, autocommit=True) as other,
    ):
        notices: list[Any] = []
        connection.add_notice_handler(
            lambda diag: notices.append((diag.severity, diag.message_primary, diag.message_hint))
        )
        connection.execute("DO $$ BEGIN RAISE NOTICE 'one' USING HINT = 'h'; END $$")
        bench.note(notices)
        connection.execute("DROP TABLE IF EXISTS nowhere")
        bench.note(notices)
        connection.execute("LISTEN news")
        other.execute("NOTIFY news, 'first'")
        other.execute("NOTIFY news, 'second'")
        heard = connection.notifies(timeout=5, stop_after=2)
        bench.note([(n.channel, n.payload, n.pid == other.info.backend_pid) for n in heard])
        bench.note(list(connection.notifies(timeout=0.05)))
        handled: list[Any] = []
        connection.add_notify_handler(lambda n: handled.append((n.channel, n.payload)))
        connection.execute("NOTIFY news, 'mine'")
        bench.note(handled)


@case("psycopg_async")
async def what_psycopg_hears_without_waiting(bench: Bench) -> None:
    connect = psycopg.AsyncConnection.connect
    async with (
        await connect(bench.address, autocommit=True) as connection,
        await connect(bench.address, autocommit=True) as other,
    ):
        await connection.execute("LISTEN news")

        async def hear() -> list[Any]:
            return [n.payload async for n in connection.notifies(timeout=5, stop_after=1)]

        hearing = asyncio.create_task(hear())
        await asyncio.sleep(0.1)
        await other.execute("SELECT pg_notify('news', 'loud')")
        bench.note(await hearing)
        waiting = asyncio.create_task(anext(connection.notifies()))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.wait([waiting])
        bench.note(waiting.cancelled())


@case("psycopg")
def two_phases_of_psycopg(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        xid = connection.xid(1, "gtrid", "bqual")
        bench.note(str(xid))
        connection.tpc_begin(xid)
        connection.execute("SELECT 1")
        bench.tried(connection.tpc_prepare)
        bench.tried(connection.tpc_rollback)
        bench.note(connection.info.transaction_status)
        connection.close()
    with psycopg.connect(bench.address) as connection:
        bench.note(connection.tpc_recover())
        connection.rollback()
        connection.tpc_begin("simple")
        connection.execute("SELECT 1")
        connection.tpc_commit()
        bench.note(connection.info.transaction_status)


@case("psycopg")
def kinds_of_cursors_of_psycopg(bench: Bench) -> None:
    with psycopg.connect(bench.address) as connection:
        raw = psycopg.RawCursor(connection)
        bench.note(raw.execute("SELECT $1::int + $2::int", (1, 2)).fetchone())
        client = psycopg.ClientCursor(connection)
        bench.note(client.execute("SELECT %s, %s", ("it's", 2.5)).fetchall())
        bench.note(client.mogrify("SELECT %s", ("x",)))
        client.executemany("SELECT %s", [(1,), (2,)], returning=True)
        bench.note(client.fetchall(), client.nextset(), client.fetchall())
        if hasattr(psycopg, "RawServerCursor"):
            with psycopg.RawServerCursor(connection, "raw") as cursor:
                bench.note(cursor.execute("SELECT $1::int", (4,)).fetchall())
        many = connection.cursor()
        many.executemany("SELECT %s::int AS n", [(1,), (2,), (3,)], returning=True)
        bench.note(many.rowcount, many.fetchall(), many.nextset(), many.fetchone())
        if hasattr(many, "results"):  # 3.3
            bench.note([(r.rowcount, r.fetchall()) for r in many.results()])
        with connection.cursor(binary=True) as binary:
            bench.note(binary.execute("SELECT 1, 'x', now() IS NULL").fetchone(), binary.format)


@case("psycopg")
def adapters_of_psycopg(bench: Bench) -> None:
    import enum
    import json
    from dataclasses import dataclass

    from psycopg.types import TypeInfo
    from psycopg.types.composite import CompositeInfo, register_composite
    from psycopg.types.enum import EnumInfo, register_enum
    from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads
    from psycopg.types.range import Range, RangeInfo, register_range

    class Mood(enum.Enum):
        glad = 1
        sad = 2

    with psycopg.connect(bench.address) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')")
        connection.execute("CREATE TYPE card AS (value int, suit text)")
        connection.execute("CREATE TYPE span AS RANGE (subtype = float8)")
        register_enum(EnumInfo.fetch(connection, "mood"), connection, Mood)
        register_composite(CompositeInfo.fetch(connection, "card"), connection)
        register_range(RangeInfo.fetch(connection, "span"), connection)
        bench.note(TypeInfo.fetch(connection, "nothing"))
        bench.note(connection.execute("SELECT 'glad'::mood, (8, 'hearts')::card").fetchone())
        bench.note(connection.execute("SELECT %s, '[1.5,2)'::span", (Mood.sad,)).fetchone())
        bench.note(connection.execute("SELECT %s::span", (Range(1.0, 2.0),)).fetchone())
        set_json_loads(lambda text: ["mine", json.loads(text)], connection)
        set_json_dumps(lambda value: json.dumps([value]), connection)
        bench.note(connection.execute("SELECT '{\"a\": 1}'::json, %s", (Jsonb(2),)).fetchone())
        cursor = connection.cursor(row_factory=rows.class_row(dict))
        bench.note(cursor.execute("SELECT 1 AS a").fetchone())

        @dataclass
        class Point:
            x: int

        cursor = connection.cursor(row_factory=rows.class_row(Point))
        bench.note(vars(cursor.execute("SELECT 1 AS x").fetchone()))
        cursor = connection.cursor(row_factory=rows.args_row(lambda *args: sum(args)))
        bench.note(cursor.execute("SELECT 1, 2").fetchone())


@case("psycopg")
def details_of_psycopg_connections(bench: Bench) -> None:
    with psycopg.connect(bench.address, autocommit=True) as connection:
        info = connection.info
        bench.note(info.vendor, info.hostaddr, info.options, info.get_parameters())
        bench.note(info.dsn, str(info.timezone), info.error_message)
        bench.note(getattr(info, "full_protocol_version", None))
        bench.note(info.backend_pid, info.pipeline_status, info.parameter_status("none"))
        bench.note(connection.cancel(), connection.cancel_safe(), connection.fileno() > 0)
        for _ in range(7):
            connection.execute("SELECT %s::int", (1,))
        bench.note(connection.execute("SELECT %s::int", (1,), prepare=True).fetchone())
        connection.prepare_threshold = 0
        bench.note(connection.execute("SELECT %s::int", (2,)).fetchone())
        connection.prepared_max = 1
        bench.note(connection.execute("SELECT 3", prepare=True).fetchone())
        bench.note(connection.execute("SELECT 4", prepare=True).fetchone())
        connection.read_only = True
        bench.tried(lambda: connection.execute("SHOW transaction_read_only").fetchone())


@case("psycopg")
def pools_of_psycopg(bench: Bench) -> None:
    from psycopg_pool import ConnectionPool, NullConnectionPool, PoolTimeout

    said: list[str] = []

    def configure(connection: Any) -> None:
        connection.autocommit = True
        connection.execute("SET search_path TO public")

    with ConnectionPool(
        bench.address,
        min_size=1,
        max_size=2,
        configure=configure,
        check=ConnectionPool.check_connection,
        reset=lambda connection: said.append("reset"),
    ) as pool:
        pool.wait()
        with pool.connection() as connection:
            bench.note(connection.execute("SELECT 1").fetchone())
        with pool.connection() as connection, pool.connection() as other:
            bench.note(
                connection.execute("SELECT 2").fetchone(), other.execute("SELECT 3").fetchone()
            )

            def third() -> Any:
                return pool.getconn(timeout=0.05)

            try:
                third()
            except PoolTimeout as error:
                bench.note(type(error))
    with NullConnectionPool(bench.address) as pool, pool.connection() as connection:
        bench.note(connection.execute("SELECT 4").fetchone())
        connection.execute("CREATE TABLE pooled (n int)")


@case("psycopg_async")
async def pools_of_psycopg_without_waiting(bench: Bench) -> None:
    from psycopg_pool import AsyncConnectionPool

    pool = AsyncConnectionPool(
        bench.address,
        min_size=1,
        max_size=3,
        open=False,
        check=AsyncConnectionPool.check_connection,
        kwargs={"row_factory": rows.dict_row},
    )
    await pool.open(wait=True)

    async def one(number: int) -> Any:
        async with pool.connection() as connection:
            return await (await connection.execute("SELECT %s::int AS n", (number,))).fetchone()

    bench.note(await asyncio.gather(*(one(n) for n in range(5))))
    async with pool.connection() as connection:
        await bench.tried_later(connection.execute("SELECT 1/0"))
        await connection.rollback()
    await pool.close()
