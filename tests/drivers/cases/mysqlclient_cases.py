"""Cases: what mysqlclient (`MySQLdb`) has besides DB-API."""

from __future__ import annotations

from typing import Any

from tests.drivers.bench import Bench, case
from tests.drivers.cases.shared import table


@case("mysqlclient")
def cursor_classes_of_mysqlclient(bench: Bench) -> None:
    from MySQLdb import cursors

    connection = bench.connect()
    name = table(bench, connection, rows=4)
    query = f"SELECT id, name FROM {name} WHERE id > %s ORDER BY id"
    for kind in (cursors.DictCursor, cursors.SSCursor, cursors.SSDictCursor, cursors.Cursor):
        with connection.cursor(kind) as cursor:
            bench.note(cursor.execute(query, (0,)), type(cursor), cursor.description)
            bench.note(cursor.description_flags, cursor.lastrowid, cursor.rowcount)
            bench.note(cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall(), cursor.rowcount)
            cursor.execute(query, [1])
            bench.note(list(cursor), cursor.rownumber, cursor.fetchone())
            cursor.execute("SELECT 1 WHERE 1 = 0")
            bench.note(cursor.fetchone(), cursor.fetchall(), cursor.rowcount)
    with connection.cursor(cursors.DictCursor) as cursor:
        cursor.execute(f"SELECT a.id, b.id, a.name FROM {name} a JOIN {name} b USING (id) LIMIT 1")
        bench.note(cursor.fetchall())
    cursor = connection.cursor()
    cursor.execute(query, (0,))
    cursor.scroll(2)
    bench.note(cursor.fetchone())
    cursor.scroll(0, "absolute")
    bench.note(cursor.fetchone())
    connection.close()
    connection = bench.connect(cursorclass=cursors.DictCursor)
    cursor = connection.cursor()
    cursor.execute("SELECT %(a)s AS a", {"a": 5})
    bench.note(cursor.fetchall())
    connection.close()

    class Mine(cursors.Cursor):
        def execute(self, query: Any, args: Any = None) -> Any:
            return super().execute(f"/* mine */ {query}", args)

    with bench.connect() as connection, connection.cursor(Mine) as cursor:
        cursor.execute("SELECT 1")
        bench.note(cursor.fetchall(), cursor._executed)


@case("mysqlclient")
def a_stream_of_mysqlclient_that_is_left(bench: Bench) -> None:
    from MySQLdb import cursors

    connection = bench.connect()
    name = table(bench, connection, rows=6)
    cursor = connection.cursor(cursors.SSCursor)
    cursor.execute(f"SELECT id FROM {name} ORDER BY id")
    bench.note(cursor.fetchone(), cursor.fetchmany(2))
    bench.tried(lambda: connection.cursor().execute("SELECT 1"))
    bench.tried(cursor.close)
    other = connection.cursor()
    bench.tried(lambda: other.execute("SELECT 'next'"))
    bench.tried(other.fetchall)
    connection.close()


@case("mysqlclient")
def what_mysqlclient_says_of_itself(bench: Bench) -> None:
    connection = bench.connect(autocommit=True, init_command="SET @mine = 7", charset="utf8mb4")
    bench.note(
        connection.get_server_info(),
        connection.get_host_info(),
        connection.get_proto_info(),
        connection.character_set_name(),
        connection.get_character_set_info(),
        connection.get_autocommit(),
        connection.thread_id(),
        connection.open,
        connection.port,
        connection.host,
        connection.db,
        connection.encoding,
        connection.client_flag,
        connection.server_capabilities,
        connection.literal([1, "x'", None, 2.5, b"y"]),
        connection.escape_string("a'b"),
        type(connection).__name__,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT @mine")
        bench.note(cursor.fetchone(), cursor.mogrify("SELECT %s", ("x'",)))
    connection.autocommit(False)
    bench.note(connection.get_autocommit(), connection.ping())
    connection.select_db("mysql")
    connection.begin()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE(), @@in_transaction")
        bench.note(cursor.fetchone())
        cursor.execute("SET autocommit = 1")
        bench.note(connection.get_autocommit())
    connection.rollback()
    connection.close()
    for call in (connection.close, connection.ping, connection.commit, connection.rollback):
        bench.tried(call)
    bench.tried(lambda: connection.cursor().execute("SELECT 1"))
    bench.note(connection.open)


@case("mysqlclient")
def several_results_of_mysqlclient(bench: Bench) -> None:
    connection = bench.connect()
    cursor = connection.cursor()
    bench.note(cursor.execute("SELECT 1; SELECT 2, 3; DO 4"), cursor.fetchall())
    bench.note(cursor.nextset(), cursor.fetchall(), cursor.nextset(), cursor.nextset())
    cursor.execute("DROP PROCEDURE IF EXISTS pairs_of")
    cursor.execute("CREATE PROCEDURE pairs_of(IN n INT) BEGIN SELECT n; SELECT n + 1; END")
    bench.note(cursor.callproc("pairs_of", (5,)), cursor.fetchall())
    bench.note(cursor.nextset(), cursor.fetchall(), cursor.nextset(), cursor.nextset())
    cursor.execute("SELECT 1; SELECT 2; SELECT 3")
    cursor.execute("SELECT 'the others are left'")
    bench.note(cursor.fetchall())
    cursor.execute("SELECT 1; SELEKT 2")
    bench.note(cursor.fetchall())
    bench.tried(cursor.nextset)
    cursor.execute("SELECT 'on'")
    bench.note(cursor.fetchall())
    connection.close()


@case("mysqlclient")
def many_rows_of_mysqlclient(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.cursor()
    insert = f"INSERT INTO {name} (name, n) VALUES (%s, %s)"
    bench.note(cursor.executemany(insert, [("a", 1), ("b", None)]), cursor.lastrowid)
    bench.note(cursor.rowcount, connection.info())
    update = f"UPDATE {name} SET n = %(n)s WHERE name = %(name)s"
    bench.note(cursor.executemany(update, [{"n": 5, "name": "a"}, {"n": 6, "name": "b"}]))
    bench.note(connection.info(), cursor.executemany(insert, []))
    cursor.execute(f"SELECT name, n FROM {name} ORDER BY id")
    bench.note(cursor.fetchall())
    connection.commit()
    if hasattr(connection, "executemany_fallback"):  # 2.3
        connection.executemany_fallback = "multi"
        bench.note(cursor.executemany(update, [{"n": 7, "name": "a"}, {"n": 8, "name": "b"}]))
        connection.commit()
    connection.close()


@case("mysqlclient")
def types_of_mysqlclient(bench: Bench) -> None:
    from MySQLdb.constants import CLIENT, FIELD_TYPE
    from MySQLdb.converters import conversions

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
    conv = {**conversions, FIELD_TYPE.LONG: lambda x: f"<{x!r}>"}
    flags = CLIENT.FOUND_ROWS
    connection = bench.connect(conv=conv, client_flag=flags, sql_mode="ANSI", use_unicode=False)
    cursor = connection.cursor()
    cursor.execute("SELECT 7, 'x'")
    bench.note(cursor.fetchall(), connection.encoders.get(str) is not None)
    connection.close()


@case("mysqlclient")
def below_the_cursors_of_mysqlclient(bench: Bench) -> None:
    connection = bench.connect()
    connection.query("SELECT 1 AS a, 'x' AS b UNION SELECT 2, 'y'")
    result = connection.store_result()
    bench.note(result.num_rows(), result.num_fields(), result.describe(), result.field_flags())
    bench.note(result.fetch_row(), result.fetch_row(0, 0), result.fetch_row())
    connection.query("SELECT 1 AS a")
    result = connection.use_result()
    bench.note(result.fetch_row(1, 1), result.fetch_row(1, 1))
    connection.query("DO 1")
    bench.note(connection.store_result(), connection.affected_rows(), connection.field_count())
    connection.close()


@case("mysqlclient")
def errors_of_mysqlclient(bench: Bench) -> None:
    connection = bench.connect()
    name = table(bench, connection)
    cursor = connection.cursor()
    for statement in (
        "SELEKT",
        "SELECT * FROM nowhere",
        f"INSERT INTO {name} (id, name) VALUES (1, 'a'), (1, 'b')",
        f"INSERT INTO {name} (n) VALUES ('no number')",
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'mine', MYSQL_ERRNO = 4242",
    ):
        bench.tried(lambda text=statement: cursor.execute(text))
        bench.note(connection.errno(), connection.error(), connection.sqlstate())
    bench.tried(lambda: cursor.execute("SELECT %s, %s", (1,)))
    bench.tried(lambda: connection.cursor().fetchone())
    cursor.close()
    bench.tried(lambda: cursor.execute("SELECT 1"))
    connection.close()
    bench.tried(lambda: bench.connect(port=9))
    bench.tried(lambda: bench.connect(password="wrong"))


@case("mysqlclient")
def a_connection_of_mysqlclient_that_is_killed(bench: Bench) -> None:
    killer, connection = bench.connect(), bench.connect()
    killer.kill(connection.thread_id())
    cursor = connection.cursor()
    bench.tried(lambda: cursor.execute("SELECT SLEEP(1)"))
    bench.tried(connection.rollback)
    bench.tried(lambda: cursor.execute("SELECT 1"))
    bench.note(connection.open)
    connection.close()
    killer.close()


@case("mysqlclient")
def ways_to_connect_with_mysqlclient(bench: Bench) -> None:
    import MySQLdb
    from MySQLdb.connections import Connection

    class Mine(Connection):
        def greeting(self) -> Any:
            cursor = self.cursor()
            cursor.execute("SELECT 'hello'")
            return cursor.fetchone()

    for make in (MySQLdb.connect, MySQLdb.Connect, MySQLdb.Connection, Connection, Mine):
        connection = make(**bench.address)
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        bench.note(cursor.fetchall(), isinstance(connection, Connection))
        if isinstance(connection, Mine):
            bench.note(connection.greeting())
        connection.close()
