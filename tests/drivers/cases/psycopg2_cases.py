"""Cases: what psycopg2 has besides DB-API."""

from __future__ import annotations

import io
import select
from typing import Any

from tests.drivers.bench import Bench, case
from tests.drivers.cases.shared import table


@case("psycopg2")
def cursors_of_extras(bench: Bench) -> None:
    from psycopg2 import extras

    connection = bench.connect()
    name = table(bench, connection, rows=4)
    query = f"SELECT id, name FROM {name} ORDER BY id"
    for factory in (extras.DictCursor, extras.RealDictCursor, extras.NamedTupleCursor):
        with connection.cursor(cursor_factory=factory) as cursor:
            bench.note(isinstance(cursor, factory), type(cursor).__name__)
            cursor.execute(query)
            row = cursor.fetchone()
            bench.note(type(row).__name__, row, repr(row), cursor.fetchmany(2), list(cursor))
            cursor.execute(query)
            bench.note([type(row).__module__ for row in cursor])
            cursor.execute(f"{query} LIMIT 0")
            bench.note(cursor.fetchone(), cursor.fetchall())
    with connection.cursor(cursor_factory=extras.DictCursor) as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        bench.note(row["name"], row[0], dict(row), list(row.keys()), row.get("x", 3), "id" in row)
    connection.close()


@case("psycopg2")
def factories_of_connections(bench: Bench) -> None:
    from psycopg2 import extensions, extras

    class Mine(extensions.connection):
        def __init__(self, dsn: str, *more: Any) -> None:
            super().__init__(dsn, *more)
            self.label = "mine"

        def shout(self) -> str:
            with self.cursor() as cursor:
                cursor.execute("SELECT 'hey'")
                (word,) = cursor.fetchone() or ("",)
                return str(word).upper()

    connection = bench.connect(connection_factory=Mine)
    bench.note(isinstance(connection, Mine), connection.label, connection.shout())
    connection.close()
    connection = bench.connect(connection_factory=extras.RealDictConnection)
    cursor = connection.cursor()
    cursor.execute("SELECT 1 AS one")
    bench.note(cursor.fetchone(), isinstance(cursor, extras.RealDictCursor))
    connection.close()
    connection = bench.connect(cursor_factory=extras.NamedTupleCursor)
    cursor = connection.cursor()
    cursor.execute("SELECT 1 AS one")
    bench.note(cursor.fetchone().one)
    connection.close()
    connection = extensions.connection
    bench.note(connection.__name__)


@case("psycopg2")
def with_blocks(bench: Bench) -> None:
    import psycopg2

    connection = bench.connect()
    name = table(bench, connection)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {name} (name) VALUES ('kept')")
    bench.note(cursor.closed, connection.closed)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {name} (name) VALUES ('kept')")
    except psycopg2.errors.UniqueViolation as error:
        bench.note(error, error.diag.constraint_name)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM {name}")
        bench.note(cursor.fetchall())
    connection.close()


@case("psycopg2")
def states_of_a_connection(bench: Bench) -> None:
    connection = bench.connect()
    seen = []

    def look() -> None:
        seen.append((connection.status, connection.get_transaction_status(), connection.closed))

    look()
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    look()
    bench.tried(lambda: cursor.execute("SELECT 1/0"))
    look()
    bench.tried(lambda: cursor.execute("SELECT 1"))
    connection.rollback()
    look()
    bench.note(connection.autocommit, connection.isolation_level, connection.readonly)
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True)
    bench.note(connection.isolation_level, connection.readonly, connection.deferrable)
    cursor.execute("SHOW transaction_isolation")
    bench.note(cursor.fetchone())
    bench.tried(lambda: setattr(connection, "autocommit", True))
    connection.rollback()
    connection.autocommit = True
    cursor.execute("SELECT 1")
    look()
    cursor.execute("BEGIN")
    look()
    cursor.execute("COMMIT")
    look()
    connection.close()
    bench.note(states=seen, closed=connection.closed)
    bench.tried(connection.cursor)


@case("psycopg2")
def what_a_connection_says_of_itself(bench: Bench) -> None:
    connection = bench.connect()
    info = connection.info
    bench.note(
        connection.server_version,
        connection.encoding,
        connection.protocol_version,
        connection.dsn,
        connection.get_parameter_status("server_encoding"),
        connection.get_dsn_parameters(),
        connection.get_backend_pid(),
        info.dbname,
        info.user,
        info.host,
        info.port,
        info.server_version,
        info.transaction_status,
        info.status,
        info.parameter_status("TimeZone"),
        info.backend_pid,
        connection.cursor_factory is None,
        connection.notices,
        connection.notifies,
        connection.async_,
        connection.isexecuting(),
    )
    connection.set_client_encoding("LATIN1")
    bench.note(connection.encoding)
    connection.reset()
    connection.close()


@case("psycopg2")
def what_a_cursor_says_of_itself(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    bench.note(cursor.query, cursor.statusmessage, cursor.name, cursor.itersize, cursor.rownumber)
    cursor.execute("SELECT n, %s AS t FROM generate_series(1, 3) AS n", ("x'y",))
    bench.note(cursor.query, cursor.statusmessage, cursor.rownumber, cursor.description)
    bench.note([c.name for c in cursor.description], cursor.description[0].type_code)
    bench.note(cursor.fetchone(), cursor.rownumber, cursor.lastrowid)
    bench.note(cursor.mogrify("%s, %s", (1, "x'y")), cursor.mogrify("%(a)s", {"a": None}))
    bench.note(cursor.scrollable, cursor.withhold, cursor.cast(23, "7"))
    connection.close()


@case("psycopg2")
def server_side_cursors(bench: Bench) -> None:
    connection = bench.connect()
    with connection.cursor("mine") as cursor:
        cursor.itersize = 4
        cursor.execute("SELECT n FROM generate_series(1, 10) AS n")
        bench.note(cursor.name, cursor.description, cursor.fetchone(), cursor.fetchmany(3))
        bench.note(list(iter(cursor)), [c.name for c in cursor.description])
    from psycopg2.extras import RealDictCursor

    with connection.cursor("other", cursor_factory=RealDictCursor, scrollable=True) as cursor:
        cursor.execute("SELECT n FROM generate_series(1, 5) AS n")
        bench.note(cursor.fetchmany(2), cursor.scroll(-1), cursor.fetchone(), cursor.fetchall())
    connection.close()


@case("psycopg2")
def copying(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TEMPORARY TABLE copied (a int, b text)")
    cursor.copy_from(io.StringIO("1\tx\n2\t\\N\n"), "copied", columns=("a", "b"))
    bench.note(cursor.rowcount, cursor.statusmessage)
    cursor.copy_expert("COPY copied FROM STDIN WITH CSV", io.BytesIO(b"3,z\n"))
    out = io.StringIO()
    cursor.copy_to(out, "copied", sep="|")
    bench.note(out.getvalue(), cursor.rowcount)
    raw = io.BytesIO()
    cursor.copy_expert("COPY (SELECT * FROM copied ORDER BY a) TO STDOUT WITH CSV HEADER", raw)
    bench.note(raw.getvalue())
    bench.tried(lambda: cursor.copy_expert("COPY copied FROM STDIN", io.StringIO("no int\tx\n")))
    connection.close()


@case("psycopg2")
def batches(bench: Bench) -> None:
    from psycopg2 import extras

    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.cursor()
    insert = f"INSERT INTO {name} (name, n) VALUES %s RETURNING id"
    bench.note(extras.execute_values(cursor, insert, [("a", 1), ("b", 2)], fetch=True))
    extras.execute_batch(cursor, f"UPDATE {name} SET n = %s WHERE id = %s", [(5, 1), (6, 2)])
    cursor.execute(f"SELECT * FROM {name} ORDER BY id")
    bench.note(cursor.fetchall())
    connection.close()


@case("psycopg2")
def put_together_sql(bench: Bench) -> None:
    from psycopg2 import sql

    connection = bench.connect()
    name = table(bench, connection, rows=3)
    cursor = connection.cursor()
    query = sql.SQL("SELECT {} FROM {} WHERE name = {} AND n < %s").format(
        sql.Identifier("id"), sql.Identifier(name), sql.Literal("n1")
    )
    cursor.execute(query, (9,))
    bench.note(cursor.fetchall(), query.as_string(connection), query.as_string(cursor))
    connection.close()


@case("psycopg2")
def types_of_postgresql(bench: Bench) -> None:
    import uuid

    from psycopg2 import extras

    connection = bench.connect()
    extras.register_uuid(None, connection)
    cursor = connection.cursor()
    for query in (
        "SELECT '{1,2,NULL}'::int[], ARRAY['a', 'b'], '{{1,2},{3,4}}'::int[]",
        """SELECT '{"a": [1, null]}'::json, '{"b": 1.5}'::jsonb""",
        "SELECT int4range(1, 5), tstzrange('2024-01-01Z', NULL)",
        "SELECT '2024-02-29 12:00+02'::timestamptz, '12:30'::time, '1 day 2 hours'::interval",
        "SELECT 1.50::numeric, 'NaN'::numeric, 2.5::float8, true, 'x'::char(3), 'abc'::bytea",
        "SELECT 'f3c9ee0e-5b0b-4b6a-9c44-1f2a3b4c5d6e'::uuid, '10.0.0.1'::inet, (1, 'x')",
    ):
        cursor.execute(query)
        bench.note(cursor.fetchone())
    cursor.execute("SELECT %s, %s, %s", (extras.Json({"a": 1}), [1, 2], uuid.UUID(int=7)))
    bench.note(cursor.fetchone())
    connection.close()


@case("psycopg2")
def adapters_of_the_application(bench: Bench) -> None:
    from psycopg2 import extensions

    class Point:
        def __init__(self, x: int, y: int) -> None:
            self.x, self.y = x, y

        def __repr__(self) -> str:
            return f"Point({self.x}, {self.y})"

    extensions.register_adapter(Point, lambda p: extensions.AsIs(f"'({p.x},{p.y})'"))
    kind = extensions.new_type(
        (600,), "POINT", lambda text, _: None if text is None else f"point {text}"
    )
    connection = bench.connect()
    extensions.register_type(kind, connection)
    cursor = connection.cursor()
    cursor.execute("SELECT %s::point", (Point(1, 2),))
    bench.note(cursor.fetchone())
    connection.close()


@case("psycopg2")
def notices_and_notifications(bench: Bench) -> None:
    connection = bench.connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'heard'; END $$")
    bench.note(connection.notices)
    cursor.execute("LISTEN news")
    cursor.execute("NOTIFY news, 'one'")
    other = bench.connect()
    other.autocommit = True
    other.cursor().execute("NOTIFY news, 'two'")
    bench.note(len(select.select([connection], [], [], 5)[0]), connection.poll())
    while connection.notifies:
        notify = connection.notifies.pop(0)
        bench.note(notify.channel, notify.payload, type(notify))
    connection.close()
    other.close()


@case("psycopg2")
def two_phases(bench: Bench) -> None:
    connection = bench.connect()
    xid = connection.xid(42, "transaction", "branch")
    bench.note(str(xid), xid.gtrid)
    bench.tried(lambda: connection.tpc_begin(xid))
    connection.cursor().execute("SELECT 1")
    bench.tried(connection.tpc_rollback)
    bench.note(connection.status)
    connection.close()


@case("psycopg2")
def functions_and_timeouts(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    cursor.callproc("upper", ("abc",))
    bench.note(cursor.fetchall())
    cursor.execute("SET statement_timeout = 50")
    bench.tried(lambda: cursor.execute("SELECT pg_sleep(5)"))
    connection.rollback()
    body = "DO $$ BEGIN RAISE EXCEPTION 'mine' USING HINT = 'h', DETAIL = 'd'; END $$"
    bench.tried(lambda: cursor.execute(body))
    connection.close()


@case("psycopg2")
def pools(bench: Bench) -> None:
    from psycopg2.pool import PoolError, SimpleConnectionPool, ThreadedConnectionPool

    for kind in (SimpleConnectionPool, ThreadedConnectionPool):
        pool = kind(1, 2, bench.address)
        one, two = pool.getconn(), pool.getconn()
        try:
            pool.getconn()
        except PoolError as error:
            bench.note(error)
        with one.cursor() as cursor:
            cursor.execute("SELECT 1")
            bench.note(cursor.fetchone())
        pool.putconn(one)
        pool.putconn(two)
        pool.closeall()


@case("psycopg2")
def a_connection_that_is_killed(bench: Bench) -> None:
    killer, connection = bench.connect(), bench.connect()
    pid = connection.get_backend_pid()
    killer.cursor().execute("SELECT pg_terminate_backend(%s)", (pid,))
    cursor = connection.cursor()
    bench.tried(lambda: cursor.execute("SELECT pg_sleep(1)"))
    bench.note(connection.closed)
    bench.tried(connection.rollback)
    bench.tried(lambda: cursor.execute("SELECT 1"))
    connection.close()
    killer.close()
