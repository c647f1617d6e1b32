"""Cases: Core statements, transactions and isolation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from tests.sql.bench import Bench, case


def items(bench: Bench, name: str | None = None) -> Table:
    """A table of the case's own."""
    return Table(
        name or bench.name,
        bench.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(40), nullable=False),
        Column("stock", Integer, server_default="7"),
    )


def five(connection: Any, table: Table) -> None:
    connection.execute(insert(table), [{"name": f"item {n}", "stock": n} for n in range(1, 6)])


@case()
def insert_select_update_delete(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        bench.result(connection.execute(insert(table).values(name="one")))
        bench.result(connection.execute(insert(table).values(name="two", stock=2)))
        bench.result(connection.execute(select(table).order_by(table.c.id)))
        bench.result(connection.execute(update(table).where(table.c.id == 2).values(stock=3)))
        bench.result(connection.execute(update(table).where(table.c.id == 99).values(stock=3)))
        bench.result(connection.execute(select(table).where(table.c.id.in_([1, 2, 3]))))
        bench.result(connection.execute(select(table).where(table.c.id.in_([]))))
        bench.result(connection.execute(delete(table).where(table.c.stock == 3)))
        bench.result(connection.execute(select(func.count()).select_from(table)))


@case("sqlite", "postgresql")
def with_returning(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        bench.result(connection.execute(insert(table).values(name="one").returning(table)))
        bench.result(connection.execute(update(table).values(stock=1).returning(table.c.stock)))
        bench.result(connection.execute(delete(table).returning(table.c.id, table.c.name)))


@case()
def insertmanyvalues(bench: Bench) -> None:
    table = items(bench)
    rows = [{"name": f"item {n}"} for n in range(25)]
    with bench.created() as connection:
        many = insert(table).execution_options(insertmanyvalues_page_size=10)
        bench.result(connection.execute(many, rows))
        if bench.system != "mysql":
            many = many.returning(table.c.id, table.c.name, sort_by_parameter_order=True)
            bench.result(connection.execute(many, rows))
        bench.result(connection.execute(select(table)))


@case()
def executemany(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        five(connection, table)
        change = update(table).where(table.c.id == bindparam("which")).values(stock=bindparam("to"))
        bench.result(connection.execute(change, [{"which": n, "to": n * 10} for n in (1, 2, 3)]))
        statement = text(f"DELETE FROM {table.name} WHERE id = :n")
        bench.result(connection.execute(statement, [{"n": 1}, {"n": 2}]))
        bench.result(connection.execute(select(table).order_by(table.c.id)))


@case()
def text_with_binds(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        bench.result(connection.execute(text("SELECT 1 AS one, :a AS a"), {"a": "x"}))
        bench.result(connection.execute(text("SELECT :n + 1 AS n").bindparams(n=41)))
        statement = text("SELECT 1 WHERE 1 IN :many").bindparams(bindparam("many", expanding=True))
        bench.result(connection.execute(statement, {"many": [1, 2, 3]}))
        bench.result(connection.execute(text("SELECT 'ünïcödé ☃' AS sign, '100%' AS percent")))
        bench.result(connection.execute(text("SELECT 1 AS a, 2 AS a")))
        bench.result(connection.execute(select(literal("x"), literal(None), literal(1.5))))


@case()
def sql_of_the_driver(bench: Bench) -> None:
    table = items(bench)
    mark = {"sqlite": "?", "mysql": "%s", "asyncpg": "$1"}
    place = mark.get(bench.kind) or mark.get(bench.system) or "%s"
    with bench.created() as connection:
        five(connection, table)
        statement = f"SELECT * FROM {table.name} WHERE id = {place}"
        bench.result(connection.exec_driver_sql(statement, (3,)))
        bench.result(connection.exec_driver_sql("SELECT 1"))
        bench.result(
            connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE id = {place}", [(1,), (2,)])
        )


@case()
def rolled_back(bench: Bench) -> None:
    table = items(bench)
    with bench.created():
        pass
    with bench.engine.connect() as connection:
        five(connection, table)
        connection.rollback()
        bench.note(count=connection.scalar(select(func.count()).select_from(table)))
        five(connection, table)
        connection.commit()
        bench.note(count=connection.scalar(select(func.count()).select_from(table)))
    try:
        with bench.engine.begin() as connection:
            connection.execute(delete(table))
            raise ValueError("the application's own")  # noqa: TRY301 - out of the block
    except ValueError:
        pass
    with bench.engine.connect() as connection:
        bench.note(count=connection.scalar(select(func.count()).select_from(table)))


@case()
def nested_transactions(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        with connection.begin_nested():
            connection.execute(insert(table).values(id=1, name="kept"))
            with connection.begin_nested() as inner:
                connection.execute(insert(table).values(id=2, name="gone"))
                inner.rollback()
        with connection.begin_nested():
            bench.tried(lambda: _twice(connection, table))
        bench.result(connection.execute(select(table)))


def _twice(connection: Any, table: Table) -> None:
    with connection.begin_nested():
        connection.execute(insert(table).values(id=1, name="again"))


@case()
def autocommit(bench: Bench) -> None:
    table = items(bench)
    with bench.created():
        pass
    with bench.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        bench.note(level=connection.get_isolation_level())
        connection.execute(insert(table).values(name="at once"))
        connection.rollback()
        bench.result(connection.execute(select(table)))
    with bench.engine.connect() as connection:
        bench.note(again=connection.get_isolation_level())
        bench.result(connection.execute(select(table)))


@case()
def isolation_levels(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        bench.note(default=connection.default_isolation_level)
        bench.note(now=connection.get_isolation_level())
    engine = bench.make_engine(isolation_level="SERIALIZABLE")
    with engine.connect() as connection:
        bench.note(serializable=connection.get_isolation_level())
        bench.result(connection.execute(text("SELECT 1")))
    if bench.kind != "asyncpg":
        with engine.execution_options(isolation_level="READ UNCOMMITTED").connect() as connection:
            bench.note(uncommitted=connection.get_isolation_level())
    bench.tried(lambda: bench.make_engine(isolation_level="NONSENSE").connect())


@case("postgresql")
def read_only_and_deferrable(bench: Bench) -> None:
    options = {"postgresql_readonly": True, "postgresql_deferrable": True}
    with bench.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="SERIALIZABLE", **options)
        with connection.begin():
            bench.note(only=connection.scalar(text("SHOW transaction_read_only")))
            bench.note(deferrable=connection.scalar(text("SHOW transaction_deferrable")))
    with bench.engine.connect() as connection:
        bench.note(only=connection.scalar(text("SHOW transaction_read_only")))


@case("psycopg", "psycopg2")
def two_phases(bench: Bench) -> None:
    table = items(bench)
    with bench.created():
        pass
    with bench.engine.connect() as connection:
        transaction = connection.begin_twophase("first")
        connection.execute(insert(table).values(name="two phases"))
        bench.tried(transaction.prepare)
        bench.tried(transaction.commit)


@case()
def joins_and_aliases(bench: Bench) -> None:
    table = items(bench)
    parts = Table(
        f"{bench.name}_parts",
        bench.metadata,
        Column("id", Integer, primary_key=True),
        Column("of", ForeignKey(table.c.id)),
    )
    with bench.created() as connection:
        five(connection, table)
        connection.execute(insert(parts), [{"of": 1}, {"of": 1}, {"of": 2}])
        below = select(parts.c.of, func.count().label("n")).group_by(parts.c.of).subquery()
        bench.result(
            connection.execute(
                select(table, below.c.n).join(below, below.c.of == table.c.id).order_by(table.c.id)
            )
        )
        other = table.alias()
        bench.result(connection.execute(select(table.c.id, other.c.id).where(other.c.id == 1)))
        cte = select(table).where(table.c.stock > 2).cte("some")
        bench.result(connection.execute(select(cte).order_by(cte.c.id)))


@case()
def two_databases(bench: Bench) -> None:
    """Both are asked the same, in turn, and each answers for itself."""
    one, other = bench.engine, bench.make_engine(bench.other_url)
    question = {
        "sqlite": "SELECT file FROM pragma_database_list",
        "postgresql": "SELECT current_database()",
        "mysql": "SELECT database()",
    }[bench.system]
    with one.connect() as first, other.connect() as second:
        bench.note(second=second.scalar(text(question)))
        bench.note(first=first.scalar(text(question)))
        bench.note(first=first.scalar(text(question)))
        bench.note(second=second.scalar(text(question)))


@case()
def the_same_question_with_other_answers(bench: Bench) -> None:
    table = items(bench)
    with bench.created() as connection:
        for n in range(4):
            bench.note(count=connection.scalar(select(func.count()).select_from(table)))
            connection.execute(insert(table).values(name=f"item {n}"))


@case()
def comments_of_tracing(bench: Bench) -> None:
    import uuid

    engine = bench.make_engine()

    def commented(connection, cursor, statement, parameters, context, many):
        return f"{statement} /*traceparent='00-{uuid.uuid4().hex}'*/", parameters

    bench.listen(engine, "before_cursor_execute", commented, retval=True)
    with engine.connect() as connection:
        bench.note(one=connection.scalar(text("SELECT 1")))
        bench.note(two=connection.scalar(text("SELECT '/* no comment */'")))
