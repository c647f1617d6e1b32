"""Cases: schemas made, inspected and dropped."""

from __future__ import annotations

import sqlalchemy as sa

from tests.sql.bench import Bench, case


def _tables(bench: Bench) -> None:
    sa.Table(
        f"{bench.name}_parent",
        bench.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20), nullable=False, comment="the name"),
        sa.Column("price", sa.Numeric(10, 2), server_default="1.50"),
        sa.Column("at", sa.DateTime),
        sa.UniqueConstraint("name", name=f"{bench.name}_unique"),
    )
    sa.Table(
        f"{bench.name}_child",
        bench.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("of", sa.ForeignKey(f"{bench.name}_parent.id")),
        sa.Column("n", sa.Integer),
        sa.CheckConstraint("n > 0", name=f"{bench.name}_check"),
        sa.Index(f"{bench.name}_index", "n", "of"),
    )


@case()
def created_and_dropped(bench: Bench) -> None:
    _tables(bench)
    bench.metadata.create_all(bench.engine)
    bench.metadata.create_all(bench.engine)
    bench.note(tables=sorted(sa.inspect(bench.engine).get_table_names()))
    bench.metadata.drop_all(bench.engine)
    bench.metadata.drop_all(bench.engine)


@case()
def reflected(bench: Bench) -> None:
    _tables(bench)
    bench.metadata.create_all(bench.engine)
    found = sa.MetaData()
    names = [table.name for table in bench.metadata.sorted_tables]
    found.reflect(bench.engine, only=names)
    for table in found.sorted_tables:
        bench.note(table=table.name, columns=[repr(column) for column in table.columns])
        bench.note(constraints=sorted(str(c.name) for c in table.constraints))
    bench.metadata.drop_all(bench.engine)


@case()
def inspected(bench: Bench) -> None:
    _tables(bench)
    bench.metadata.create_all(bench.engine)
    inspector = sa.inspect(bench.engine)
    name = f"{bench.name}_child"
    for ask in (
        "get_columns",
        "get_pk_constraint",
        "get_foreign_keys",
        "get_indexes",
        "get_unique_constraints",
        "get_check_constraints",
        "get_table_comment",
        "has_table",
    ):
        with bench.engine.connect():
            found = bench.tried(lambda ask=ask: getattr(inspector, ask)(name))
            bench.note(**{ask: repr(found)})
    bench.note(
        schemas=sorted(inspector.get_schema_names()),
        default=inspector.default_schema_name,
        views=inspector.get_view_names(),
        version=bench.engine.dialect.server_version_info,
    )
    bench.tried(lambda: inspector.get_columns("nowhere"))
    bench.metadata.drop_all(bench.engine)


@case("postgresql")
def sequences_and_schemas(bench: Bench) -> None:
    with bench.engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("other", if_not_exists=True))
        counter = sa.Sequence("counter_of_cases")
        counter.create(connection)
        bench.note(one=connection.scalar(counter), two=connection.scalar(counter))
    engine = bench.engine.execution_options(schema_translate_map={None: "other"})
    table = sa.Table(bench.name, bench.metadata, sa.Column("id", sa.Integer, primary_key=True))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.insert(table).values(id=1))
        bench.result(connection.execute(sa.select(table)))
