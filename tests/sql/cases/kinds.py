"""Cases: every type that a backend offers, as literals and through columns that SQLAlchemy maps."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from tests.sql.bench import Bench, case
from tests.values.tables import MYSQL, POSTGRESQL, SQLITE


def _literals(bench: Bench, literals: dict[str, str]) -> None:
    with bench.engine.connect() as connection:
        for name, literal in literals.items():
            statement = sa.text(f"SELECT {literal} AS value".replace(":", r"\:"))
            with connection.begin_nested():
                found = bench.tried(lambda statement=statement: connection.scalar(statement))
            bench.note(**{name: found})


@case("postgresql")
def postgresql_literals(bench: Bench) -> None:
    _literals(bench, POSTGRESQL)


class Mood(enum.Enum):
    sad = "sad"
    glad = "glad"


@case("postgresql")
def postgresql_columns(bench: Bench) -> None:
    with bench.engine.begin() as connection:
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS hstore"))
    engine = bench.make_engine()  # hstore's type is looked up when an engine first connects
    columns: dict[str, tuple[Any, Any]] = {
        "numeric": (sa.Numeric(8, 3), Decimal("1.500")),
        "as_float": (sa.Numeric(8, 3, asdecimal=False), 1.5),
        "double": (sa.Double, 1 / 3),
        "flag": (sa.Boolean, True),
        "moment": (sa.DateTime(timezone=True), dt.datetime(2024, 2, 29, 1, 2, 3, 4, dt.UTC)),
        "local": (sa.DateTime, dt.datetime(2024, 2, 29, 1, 2, 3)),
        "day": (sa.Date, dt.date(2024, 2, 29)),
        "clock": (sa.Time, dt.time(1, 2, 3, 4)),
        "span": (sa.Interval, dt.timedelta(days=-1, seconds=5)),
        "blob": (sa.LargeBinary, b"\x00\xff blob"),
        "json": (sa.JSON, {"a": [1, None, "é"]}),
        "jsonb": (postgresql.JSONB, [{"b": 1.5}]),
        "uuid": (sa.Uuid, uuid.UUID(int=7)),
        "uuid_text": (sa.Uuid(as_uuid=False), "00000000-0000-0000-0000-000000000007"),
        "mood": (sa.Enum(Mood, name="kinds_mood"), Mood.glad),
        "numbers": (postgresql.ARRAY(sa.Integer), [1, None, 3]),
        "grid": (postgresql.ARRAY(sa.Text, dimensions=2), [["a", "b"], ["c", "d"]]),
        "moods": (postgresql.ARRAY(sa.Enum(Mood, name="kinds_mood")), [Mood.sad, Mood.glad]),
        "pairs": (postgresql.HSTORE, {"a": "1", "b": None}),
        "address": (postgresql.INET, "192.168.0.1"),
        "network": (postgresql.CIDR, "10.0.0.0/8"),
        "card": (postgresql.MACADDR, "08:00:2b:01:02:03"),
        "days": (
            postgresql.DATERANGE,
            postgresql.Range(dt.date(2024, 1, 1), dt.date(2024, 2, 1)),
        ),
        "ranges": (
            postgresql.INT4MULTIRANGE,
            [postgresql.Range(1, 3), postgresql.Range(7, None)],
        ),
        "words": (postgresql.TSVECTOR, "'cat' 'fat'"),
        "money": (postgresql.MONEY, "$12.50"),
        "list": (sa.PickleType, {"pickled": (1, 2)}),
    }
    _through_columns(bench, engine, columns)


def _through_columns(bench: Bench, engine: Any, columns: dict[str, tuple[Any, Any]]) -> None:
    for name, (kind, value) in columns.items():
        metadata = sa.MetaData()
        table = sa.Table(
            f"{bench.name[:20]}_{name}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("value", kind),
        )

        def run(table: Any = table, value: Any = value, metadata: Any = metadata) -> None:
            with engine.begin() as connection:
                metadata.create_all(connection)
                connection.execute(sa.insert(table), [{"value": value}, {"value": None}])
                bench.result(connection.execute(sa.select(table).order_by(table.c.id)))
                found = connection.scalar(sa.select(table.c.id).where(table.c.value == value))
                bench.note(found=found)

        bench.note(name=name)
        bench.tried(run)


@case("mysql")
def mysql_literals(bench: Bench) -> None:
    _literals(bench, MYSQL)


@case("mysql")
def mysql_columns(bench: Bench) -> None:
    columns: dict[str, tuple[Any, Any]] = {
        "decimal": (mysql.DECIMAL(20, 10), Decimal("1.5")),
        "double": (mysql.DOUBLE, 0.1),
        "single": (mysql.FLOAT, 0.1),
        "large": (mysql.BIGINT(unsigned=True), 2**64 - 1),
        "tiny": (mysql.TINYINT, -128),
        "flag": (sa.Boolean, True),
        "year": (mysql.YEAR, 2024),
        "clock": (mysql.TIME(fsp=6), dt.timedelta(hours=-12, microseconds=5)),
        "moment": (mysql.DATETIME(fsp=6), dt.datetime(2024, 2, 29, 1, 2, 3, 4)),
        "stamp": (mysql.TIMESTAMP(fsp=3), dt.datetime(2024, 2, 29, 1, 2, 3)),
        "day": (sa.Date, dt.date(9999, 12, 31)),
        "flags": (mysql.SET("a", "b", "c"), {"a", "c"}),
        "mood": (sa.Enum(Mood), Mood.glad),
        "bits": (mysql.BIT(12), b"\x0a\xff"),
        "json": (sa.JSON, {"a": [1, None, "é"]}),
        "blob": (mysql.LONGBLOB, b"\x00\xff blob"),
        "words": (mysql.LONGTEXT, "é☃" * 50),
        "uuid": (sa.Uuid, uuid.UUID(int=7)),
        "span": (sa.Interval, dt.timedelta(days=1, seconds=5)),
        "list": (sa.PickleType, {"pickled": (1, 2)}),
    }
    _through_columns(bench, bench.engine, columns)


@case("mysql")
def zero_dates(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        connection.execute(sa.text("SET SESSION sql_mode = ''"))
        connection.execute(sa.text("CREATE TEMPORARY TABLE zero (a DATE, b DATETIME, c TIME)"))
        connection.execute(sa.text("INSERT INTO zero VALUES ('0000-00-00', '0000-00-00', '0')"))
        bench.result(connection.execute(sa.text("SELECT * FROM zero")))


@case("sqlite")
def sqlite_literals(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        for name, literal in SQLITE.items():
            statement = sa.text(f"SELECT {literal} AS value".replace(":", r"\:"))
            bench.note(name=name)
            bench.note(value=bench.tried(lambda s=statement: connection.scalar(s)))


@case("sqlite")
def sqlite_columns(bench: Bench) -> None:
    columns: dict[str, tuple[Any, Any]] = {
        "numeric": (sa.Numeric(8, 3), 1.5),
        "double": (sa.Double, 1 / 3),
        "flag": (sa.Boolean, True),
        "local": (sa.DateTime, dt.datetime(2024, 2, 29, 1, 2, 3, 4)),
        "day": (sa.Date, dt.date(1, 1, 1)),
        "clock": (sa.Time, dt.time(1, 2, 3, 4)),
        "span": (sa.Interval, dt.timedelta(days=-1, seconds=5)),
        "blob": (sa.LargeBinary, b"\x00\xff blob"),
        "json": (sa.JSON, {"a": [1, None, "é"]}),
        "uuid": (sa.Uuid, uuid.UUID(int=7)),
        "mood": (sa.Enum(Mood), Mood.glad),
        "list": (sa.PickleType, {"pickled": (1, 2)}),
    }
    _through_columns(bench, bench.engine, columns)


@case("postgresql")
def parameters_of_every_kind(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        for value in (
            1,
            2**40,
            1.5,
            float("inf"),
            Decimal("1.50"),
            "x",
            b"\x00",
            True,
            None,
            dt.date(2024, 1, 1),
            dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
            dt.timedelta(1),
            uuid.UUID(int=3),
        ):
            bound = sa.bindparam("value", value)
            bench.note(value=bench.tried(lambda b=bound: connection.scalar(sa.select(b))))
            connection.rollback()
