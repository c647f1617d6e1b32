"""Cases: every type that the server offers and asyncpg maps."""

from __future__ import annotations

from tests.asyncpg_driver.caller import Caller, case

VALUES = [
    "1::smallint, 2::int, 9223372036854775807::bigint",
    "1.5::real, 'NaN'::float8, '-Infinity'::float8",
    "1.20::numeric, 'NaN'::numeric, 'Infinity'::numeric, 1e100::numeric",
    "'text'::text, 'v'::varchar, 'c '::char(3), 'n'::name, ''::text",
    "'\\x00ff10'::bytea, ''::bytea",
    "true, false, null::bool",
    "'2026-01-02'::date, 'infinity'::date, '-infinity'::date",
    "'2026-01-02 03:04:05.678901'::timestamp, 'infinity'::timestamp",
    "'2026-01-02 03:04:05+02'::timestamptz, '-infinity'::timestamptz",
    "'03:04:05.6'::time, '03:04:05+02'::timetz",
    "'1 year 2 mons 3 days 04:05:06.7'::interval, '-1 day'::interval",
    "'6f1d1a3e-8f6c-4f0e-9c53-1d8d5f6e7a80'::uuid",
    "'{\"a\": [1, null]}'::json, '{\"b\": 2}'::jsonb",
    "array[1,2,null]::int[], array[[1,2],[3,4]]::int[], '{}'::text[]",
    "array['a','b']::text[], array['2026-01-02'::date]",
    "'10.0.0.1'::inet, '10.0.0.0/8'::cidr, '::1'::inet, '10.0.0.1/24'::inet",
    "'08:00:2b:01:02:03'::macaddr",
    "B'101'::bit(3), B'1010'::varbit",
    "'[1,5)'::int4range, 'empty'::int8range, '(,3]'::numrange",
    "'[2026-01-01,2026-02-01)'::daterange, '[2026-01-01,)'::tstzrange",
    "'{[1,3),[5,7)}'::int4multirange",
    "'(1,2)'::point, '((0,0),(1,1))'::box, '<(0,0),2>'::circle, '{1,2,3}'::line",
    "'[(0,0),(1,1)]'::lseg, '((0,0),(1,0),(1,1))'::polygon, '[(0,0),(1,1)]'::path",
    "'a fat cat'::tsvector, 'fat & cat'::tsquery, '<a/>'::xml",
    "12.34::money, '(0,1)'::tid, 5::oid, 'pg_class'::regclass",
    "row(1, 'a', null::int), array[row(1, 'x')]",
]


@case
async def values(caller: Caller) -> None:
    async with caller.connection() as connection:
        for columns in VALUES:
            await caller.tried(connection.fetch(f"SELECT {columns}"))


@case
async def types_of_the_users_own(caller: Caller) -> None:
    async with caller.connection() as connection:
        await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
        await connection.execute("CREATE TYPE pair AS (a int, b text)")
        await connection.execute("CREATE DOMAIN positive AS int CHECK (value > 0)")
        await connection.execute("CREATE EXTENSION IF NOT EXISTS hstore")
        caller.note(await connection.fetchval("SELECT 'happy'::mood"))
        caller.note(await connection.fetchval("SELECT $1::mood", "sad"))
        caller.note(await connection.fetchval("SELECT (1, 'x')::pair"))
        caller.note(await connection.fetchval("SELECT $1::pair", (2, "y")))
        caller.note(await connection.fetch("SELECT 5::positive AS p, array['sad']::mood[] AS m"))
        await caller.tried(connection.fetchval("SELECT $1::positive", -1))


@case
async def codecs_of_the_users_own(caller: Caller) -> None:
    import json

    async with caller.connection() as connection:
        await connection.set_type_codec(
            "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )
        caller.note(await connection.fetchval("SELECT $1::jsonb", {"a": [1, 2.5, None]}))
        await connection.set_builtin_type_codec("hstore", codec_name="pg_contrib.hstore")
        caller.note(await connection.fetchval("SELECT 'a=>1,b=>NULL'::hstore"))
        await connection.reset_type_codec("jsonb", schema="pg_catalog")
        caller.note(await connection.fetchval("""SELECT '{"a":1}'::jsonb"""))


@case
async def parameters(caller: Caller) -> None:
    import datetime as dt
    import decimal
    import ipaddress
    import uuid

    sent = [
        ("$1::int", 5),
        ("$1::numeric", decimal.Decimal("1.200")),
        ("$1::uuid", uuid.UUID(int=7)),
        ("$1::timestamptz", dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
        ("$1::interval", dt.timedelta(days=1, seconds=2)),
        ("$1::bytea", b"\x00\xff"),
        ("$1::text[]", ["a", None]),
        ("$1::inet", ipaddress.ip_address("10.0.0.1")),
    ]
    async with caller.connection() as connection:
        for text, value in sent:
            await caller.tried(connection.fetchval(f"SELECT {text}", value))
        await caller.tried(connection.fetchval("SELECT $1::int", "no number"))
        await caller.tried(connection.fetchval("SELECT $1::int", 2**40))
        await caller.tried(connection.fetchval("SELECT $1::int"))
        await caller.tried(connection.fetchval("SELECT 1", 2))
