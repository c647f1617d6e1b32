"""Cases: what goes wrong, and everything an error says."""

from __future__ import annotations

import sqlalchemy as sa

from tests.sql.bench import Bench, case
from tests.sql.cases.core import items


@case()
def integrity_errors(bench: Bench) -> None:
    parent = sa.Table(
        f"{bench.name}_parent",
        bench.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(10), nullable=False, unique=True),
        sa.Column("n", sa.Integer),
        sa.CheckConstraint("n > 0", name="positive"),
    )
    child = sa.Table(
        bench.name,
        bench.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("of", sa.ForeignKey(parent.c.id, name="fk_parent")),
    )
    with bench.created() as connection:
        connection.execute(sa.insert(parent).values(id=1, name="a", n=1))
    wrong = (
        sa.insert(parent).values(id=1, name="b"),
        sa.insert(parent).values(id=2, name="a"),
        sa.insert(parent).values(id=3, name=None),
        sa.insert(parent).values(id=4, name="c", n=-1),
        sa.insert(child).values(id=1, of=99),
    )
    with bench.engine.connect() as connection:
        if bench.system == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        for statement in wrong:
            bench.tried(lambda statement=statement: connection.execute(statement))
            connection.rollback()
        many = [{"id": n, "name": f"x{n % 3}"} for n in range(10, 15)]
        bench.tried(lambda: connection.execute(sa.insert(parent), many))
        connection.rollback()


@case()
def programming_errors(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        connection.execute(sa.insert(table).values(name="one"))
    wrong = (
        "SELECT * FROM nowhere",
        "SELECT nothing FROM programming_errors",
        "SELEKT 1",
        "INSERT INTO programming_errors (id) VALUES (1, 2)",
        "CREATE TABLE programming_errors (id INTEGER)",
        "SELECT 1; SELEKT 2",
        "",
    )
    for statement in wrong:
        with bench.engine.connect() as connection:
            bench.tried(lambda s=statement: connection.execute(sa.text(s)).all())
            bench.tried(lambda: connection.execute(sa.text("SELECT 1")).all())
    with bench.engine.connect() as connection:
        bench.tried(lambda: connection.execute(sa.text("SELECT :a"), {}))
        bench.tried(lambda: connection.execute(sa.text("SELECT :a"), {"a": object}))


@case("postgresql", "mysql")
def data_errors(bench: Bench) -> None:
    table = items(bench)
    with bench.created():
        pass
    for value in ("x" * 99, "a\x00b"):
        with bench.engine.connect() as connection:
            statement = sa.insert(table).values(name=value)
            bench.tried(lambda s=statement: connection.execute(s))
    wrong = {
        "postgresql": ("SELECT 1/0", "SELECT 'x'::int", "SELECT 99999999999::int4", "SELECT 'x'"),
        "mysql": ("SELECT CAST(1e400 AS DOUBLE)", "SELECT 9223372036854775807 + 1"),
    }[bench.system]
    for text in wrong:
        with bench.engine.connect() as connection:
            statement = sa.text(text.replace(":", r"\:"))
            bench.tried(lambda s=statement: connection.execute(s).all())
    with bench.engine.connect() as connection:
        statement = sa.select(table).where(table.c.id == sa.bindparam("n", "not a number"))
        bench.tried(lambda: connection.execute(statement).all())


@case()
def errors_of_the_driver_itself(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        bench.tried(lambda: connection.exec_driver_sql("SELECT 1", (1, 2, 3)))
    with bench.engine.connect() as connection:
        bench.tried(lambda: connection.exec_driver_sql("SELECT 1", {"a": 1}))
    bench.note(over="psycopg2 does not mind")


@case()
def connection_refused(bench: Bench) -> None:
    for _ in range(2):
        engine = bench.make_engine(bench.refused_url)
        bench.tried(engine.connect)


@case("postgresql", "mysql")
def access_denied(bench: Bench) -> None:
    engine = bench.make_engine(bench.url.set(password="wrong"))
    bench.tried(engine.connect)
    engine = bench.make_engine(bench.url.set(database="no_such_database"))
    bench.tried(engine.connect)


@case("postgresql")
def statement_timeout(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        connection.execute(sa.text("SET LOCAL statement_timeout = 50"))
        bench.tried(lambda: connection.execute(sa.text("SELECT pg_sleep(5)")))


@case("postgresql", "mysql")
def a_lock_that_is_held(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        connection.execute(sa.insert(table).values(id=1, name="one"))
    nowait = sa.select(table).with_for_update(nowait=True)
    with bench.engine.connect() as first, bench.engine.connect() as second:
        first.execute(sa.select(table).with_for_update()).all()
        bench.tried(lambda: second.execute(nowait).all())


@case("postgresql", "mysql")
def a_connection_that_is_killed(bench: Bench) -> None:
    """Its pool is invalidated, and connects anew."""
    who, kill = {
        "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend(:n)"),
        "mysql": ("SELECT connection_id()", "KILL :n"),
    }[bench.system]
    with bench.make_engine().connect() as killer:
        connection = bench.engine.connect()
        number = connection.scalar(sa.text(who))
        bench.tried(lambda: killer.execute(sa.text(kill), {"n": number}))
        if bench.is_async:
            _wait()
        bench.tried(lambda: connection.execute(sa.text("SELECT 1")))
        bench.note(invalidated=connection.invalidated)
        bench.tried(connection.rollback)
        bench.note(again=bench.tried(lambda: connection.scalar(sa.text("SELECT 2"))))
        connection.close()


def _wait() -> None:
    import asyncio

    from sqlalchemy.util import await_only

    await_only(asyncio.sleep(0.1))


@case("postgresql")
def a_raised_exception(bench: Bench) -> None:
    body = """
    DO $$ BEGIN
      RAISE EXCEPTION 'own message' USING ERRCODE = 'U0001', DETAIL = 'some detail',
        HINT = 'a hint', SCHEMA = 's', TABLE = 't', COLUMN = 'c', CONSTRAINT = 'k', DATATYPE = 'd';
    END $$
    """
    with bench.engine.connect() as connection:
        bench.tried(lambda: connection.exec_driver_sql(body))


@case("postgresql")
def a_deferred_constraint(bench: Bench) -> None:
    """The commit is what fails."""
    table = sa.Table(
        bench.name,
        bench.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "of",
            sa.ForeignKey(f"{bench.name}.id", deferrable=True, initially="DEFERRED"),
        ),
    )
    with bench.created():
        pass
    with bench.engine.connect() as connection:
        connection.execute(sa.insert(table).values(id=1, of=9))
        bench.tried(connection.commit)
        connection.rollback()
        bench.note(count=connection.scalar(sa.select(sa.func.count()).select_from(table)))


@case("sqlite")
def a_row_that_fails_while_it_is_read(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        statement = sa.text("SELECT 1 UNION ALL SELECT abs(-9223372036854775808)")
        bench.tried(lambda: connection.execute(statement).all())


@case("postgresql")
def a_row_that_fails_on_the_server(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        streaming = connection.execution_options(stream_results=True, max_row_buffer=2)
        statement = sa.text("SELECT 1 / (5 - n) AS n FROM generate_series(1, 9) AS n")
        seen = []

        def read() -> None:
            for row in streaming.execute(statement):
                seen.append(row.n)  # noqa: PERF401 - what came before the error counts

        bench.tried(read)
        bench.note(seen=seen)


@case()
def a_handler_of_errors(bench: Bench) -> None:
    engine = bench.make_engine()

    def handled(context):
        bench.note(
            statement=context.statement,
            original=context.original_exception,
            disconnect=context.is_disconnect,
        )

    bench.listen(engine, "handle_error", handled)
    with engine.connect() as connection:
        bench.tried(lambda: connection.execute(sa.text("SELECT * FROM nowhere")))
