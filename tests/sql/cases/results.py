"""Cases: how rows are taken from a result."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, insert, select, text

from tests.sql.bench import Bench, case
from tests.sql.cases.core import items


def _filled(bench: Bench, count: int = 250) -> Table:
    table = items(bench)
    with bench.created() as connection:
        rows = [{"id": n, "name": f"item {n}", "stock": n % 7} for n in range(1, count + 1)]
        connection.execute(insert(table), rows)
    return table


@case()
def ways_to_fetch(bench: Bench) -> None:
    table = _filled(bench, 12)
    statement = select(table).order_by(table.c.id)
    with bench.engine.connect() as connection:
        result = connection.execute(statement)
        bench.note(
            one=result.fetchone(),
            some=result.fetchmany(3),
            none=result.fetchmany(0),
            all=result.fetchall(),
            after=result.fetchone(),
            closed=result.closed,
        )
        bench.note(first=connection.execute(statement).first())
        bench.note(scalars=connection.scalars(statement).all())
        bench.note(scalars=connection.scalars(statement, execution_options={}).unique().all())
        bench.note(mappings=[dict(m) for m in connection.execute(statement).mappings()])
        bench.note(column=connection.execute(statement).columns("stock", "id").fetchmany(2))
        bench.note(tuples=connection.execute(statement).tuples().all())
        bench.note(pages=[list(p) for p in connection.execute(statement).partitions(5)])
        bench.note(iterated=[row.name for row in connection.execute(statement)])
        bench.note(frozen=connection.execute(statement).freeze()().all())
        row = connection.execute(statement).first()
        assert row is not None
        bench.note(row=repr(row), fields=row._fields, mapping=dict(row._mapping), named=row.name)


@case()
def one_or_an_error(bench: Bench) -> None:
    table = _filled(bench, 3)
    with bench.engine.connect() as connection:
        for ids in ([], [1], [1, 2]):
            statement = select(table).where(table.c.id.in_(ids))
            for way in ("one", "one_or_none", "scalar_one", "scalar_one_or_none", "scalar"):
                result = connection.execute(statement)
                bench.note(way=bench.tried(getattr(result, way)))
        bench.tried(lambda: connection.execute(statement).all()[0].nothing)
        result = connection.execute(statement)
        result.close()
        bench.tried(result.all)
        bench.tried(connection.execute(table.delete().where(table.c.id == 99)).all)


@case()
def unread_and_partly_read(bench: Bench) -> None:
    table = _filled(bench, 9)
    with bench.engine.connect() as connection:
        connection.execute(select(table).order_by(table.c.id))
        result = connection.execute(select(table).order_by(table.c.id.desc()))
        bench.note(one=result.fetchone())
        result.close()
        result = connection.execute(select(table.c.id).order_by(table.c.id))
        bench.note(some=result.fetchmany(4))
    bench.tried(result.fetchone)


@case()
def yield_per(bench: Bench) -> None:
    table = _filled(bench)
    statement = select(table).order_by(table.c.id)
    with bench.engine.connect() as connection:
        result = connection.execution_options(yield_per=40).execute(statement)
        bench.note(pages=[len(page) for page in result.partitions()])
        result = connection.execute(statement)
        bench.note(first=[row.id for row, _ in zip(result, range(45), strict=False)])
        result.close()


@case()
def stream_results(bench: Bench) -> None:
    table = _filled(bench)
    statement = select(table).order_by(table.c.id)
    options: dict[str, Any] = {"stream_results": True, "max_row_buffer": 30}
    with bench.engine.connect() as connection:
        streaming = connection.execution_options(**options)
        result = streaming.execute(statement)
        bench.note(keys=list(result.keys()), one=result.fetchone(), many=result.fetchmany(70))
        bench.note(rest=len(result.fetchall()))
        result = streaming.execute(statement.where(table.c.id == 0))
        bench.note(nothing=result.fetchall())
        result = streaming.execute(statement)
        bench.note(first=result.first())
        bench.note(plain=streaming.execute(text("SELECT 1 AS one")).all())


@case()
def a_row_of_every_emptiness(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        statement = "SELECT NULL AS a, '' AS b, 0 AS c, 0.0 AS d"
        bench.result(connection.execute(text(statement)))
        bench.result(connection.execute(text(f"{statement} WHERE 1 = 0")))


@case()
def a_mutated_answer(bench: Bench) -> None:
    """What the application does to a value of its answer is not in the recording."""
    from sqlalchemy import JSON, Column, Integer, Table

    table = Table(
        bench.name, bench.metadata, Column("id", Integer, primary_key=True), Column("data", JSON)
    )
    with bench.created() as connection:
        rows = [{"id": n, "data": {"list": [1, 2], "n": n}} for n in (1, 2)]
        connection.execute(insert(table), rows)
        rows[0]["data"]["list"].append("after the insert")
        found = connection.execute(select(table).order_by(table.c.id)).all()
        bench.note(found=found)
        found[0].data["list"].append("after the select")
        bench.note(again=connection.execute(select(table).order_by(table.c.id)).all())
