"""Cases: what PyMySQL has besides DB-API."""

from __future__ import annotations

from typing import Any

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE

from tests.drivers.bench import Bench, case
from tests.drivers.cases.shared import table


@case("pymysql")
def cursor_classes(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection, rows=4)
    query = f"SELECT id, name FROM {name} ORDER BY id"
    for kind in ("DictCursor", "SSCursor", "SSDictCursor", "Cursor"):
        factory = getattr(pymysql.cursors, kind)
        with connection.cursor(factory) as cursor:
            bench.note(cursor.execute(query), isinstance(cursor, factory), cursor.description)
            bench.note(cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall(), cursor.rowcount)
            cursor.execute(query)
            bench.note(list(cursor), cursor.rownumber)
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(f"SELECT a.id, b.id, a.name FROM {name} a JOIN {name} b USING (id) LIMIT 1")
        bench.note(cursor.fetchall())
    connection.close()
    connection = bench.connect(cursorclass=pymysql.cursors.DictCursor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS one WHERE 1 = 0")
        bench.note(cursor.fetchone(), cursor.fetchall())
    connection.close()


@case("pymysql")
def a_stream_that_is_left(bench: Bench) -> None:
    import warnings

    connection = bench.connect()
    name = table(bench, connection, rows=6)
    cursor = connection.cursor(pymysql.cursors.SSCursor)
    cursor.execute(f"SELECT id FROM {name} ORDER BY id")
    bench.note(cursor.fetchone(), list(zip(range(2), cursor.fetchall_unbuffered(), strict=False)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        other = connection.cursor()
        other.execute("SELECT 'next'")
    bench.note([str(w.message) for w in caught], other.fetchall())
    connection.close()


@case("pymysql")
def with_blocks_of_pymysql(bench: Bench) -> None:
    with bench.connect() as connection:
        name = table(bench, connection)
        with connection.cursor() as cursor:
            bench.note(cursor.execute(f"INSERT INTO {name} (name) VALUES (%s)", ("a",)))
            bench.note(cursor.lastrowid, connection.insert_id(), connection.affected_rows())
        connection.commit()
    bench.note(connection.open)
    bench.tried(lambda: connection.cursor().execute("SELECT 1"))


@case("pymysql")
def what_it_says_of_itself(bench: Bench) -> None:
    connection = bench.connect(autocommit=True, init_command="SET @mine = 7")
    bench.note(
        connection.get_server_info(),
        connection.get_host_info(),
        connection.get_proto_info(),
        connection.character_set_name(),
        connection.get_autocommit(),
        connection.thread_id(),
        connection.open,
        connection.host,
        connection.db,
        connection.escape("a'b"),
        connection.literal([1, "x"]),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT @mine")
        bench.note(cursor.fetchone(), cursor.mogrify("SELECT %s", ("x'",)))
    connection.autocommit(False)
    bench.note(connection.get_autocommit(), connection.ping())
    connection.select_db("mysql")
    connection.set_charset("latin1")
    bench.note(connection.charset, connection.encoding)
    connection.begin()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE(), @@in_transaction")
        bench.note(cursor.fetchone())
    connection.rollback()
    connection.close()
    bench.tried(connection.close)
    connection.ping(reconnect=True)
    bench.note(connection.open)
    connection.close()


@case("pymysql")
def several_results(bench: Bench) -> None:
    connection = bench.connect(client_flag=CLIENT.MULTI_STATEMENTS)
    cursor = connection.cursor()
    bench.note(cursor.execute("SELECT 1; SELECT 2, 3; DO 4"), cursor.fetchall())
    bench.note(cursor.nextset(), cursor.fetchall(), cursor.nextset(), cursor.nextset())
    cursor.execute("DROP PROCEDURE IF EXISTS pairs_of")
    cursor.execute("CREATE PROCEDURE pairs_of(IN n INT) BEGIN SELECT n; SELECT n + 1; END")
    bench.note(cursor.callproc("pairs_of", (5,)), cursor.fetchall())
    bench.note(cursor.nextset(), cursor.fetchall(), cursor.nextset(), cursor.nextset())
    connection.close()


@case("pymysql")
def many_rows_in_one_statement(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.cursor()
    insert = f"INSERT INTO {name} (name, n) VALUES (%s, %s)"
    bench.note(cursor.executemany(insert, [("a", 1), ("b", None)]), cursor.lastrowid)
    update = f"UPDATE {name} SET n = %(n)s WHERE name = %(name)s"
    bench.note(cursor.executemany(update, [{"n": 5, "name": "a"}, {"n": 6, "name": "b"}]))
    cursor.execute(f"SELECT name, n FROM {name} ORDER BY id")
    bench.note(cursor.fetchall())
    connection.commit()
    connection.close()


@case("pymysql")
def types_of_mysql(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    cursor.execute(
        "CREATE TEMPORARY TABLE kinds (d DATE, t DATETIME(6), i TIME, n DECIMAL(10, 2), j JSON,"
        " b BLOB, s SET('a', 'b'), e ENUM('x', 'y'), f DOUBLE, y YEAR, u BIGINT UNSIGNED, z BIT(3))"
    )
    cursor.execute(
        "INSERT INTO kinds VALUES ('2024-02-29', '2024-02-29 12:00:00.000001', '-01:30:00', 1.5,"
        " '{\"a\": 1}', 0x00ff, 'a,b', 'y', 1.25, 2024, 18446744073709551615, b'101')"
    )
    cursor.execute("SELECT * FROM kinds")
    bench.note(cursor.fetchall(), cursor.description)
    cursor.execute("SELECT 1/0, CAST('x' AS SIGNED)")
    bench.note(cursor.fetchall(), connection.show_warnings(), cursor.warning_count)
    connection.close()
    conv = {**pymysql.converters.conversions, FIELD_TYPE.LONG: lambda x: f"<{x}>"}
    connection = bench.connect(conv=conv)
    cursor = connection.cursor()
    cursor.execute("SELECT 7")
    bench.note(cursor.fetchone())
    connection.close()


@case("pymysql")
def a_connection_that_is_killed_in_mysql(bench: Bench) -> None:
    killer, connection = bench.connect(), bench.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (number,) = cursor.fetchone()
    killer.kill(number)
    bench.tried(lambda: connection.cursor().execute("SELECT 1"))
    bench.note(connection.open)
    bench.tried(lambda: connection.cursor().execute("SELECT 1"))
    bench.tried(connection.commit)
    connection.ping(reconnect=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'again'")
        bench.note(cursor.fetchone())
    connection.close()
    killer.close()


@case("pymysql")
def ways_around_connect(bench: Bench) -> None:
    for opening in (
        pymysql.connect,
        pymysql.Connect,
        pymysql.Connection,
        pymysql.connections.Connection,
    ):
        connection: Any = opening(**bench.address)
        cursor = connection.cursor()
        cursor.execute("SELECT 'open'")
        bench.note(cursor.fetchone(), isinstance(connection, pymysql.connections.Connection))
        connection.close()
    later = pymysql.connect(**bench.address, defer_connect=True)
    bench.note(later.open)
    later.connect()
    bench.note(later.open)
    later.close()
