"""An application that sends what nobody may see to everything it can reach, in every form.

``python -m tests.redaction.program record|replay FOLDER`` with the addresses in the environment;
writes what each part saw to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import logging
import os
import sqlite3
import sys
import traceback
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import timetracer_otel

timetracer_otel.instrument()

from opentelemetry import trace as otel  # noqa: E402 - imported when it is instrumented
from opentelemetry.trace import SpanKind  # noqa: E402

from tests.conformance import write  # noqa: E402
from tests.redaction.planted import Planted, planted  # noqa: E402
from timetracer_otel.interaction.body import Body  # noqa: E402
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef  # noqa: E402
from timetracer_otel.recording import begin_entry  # noqa: E402

ALL = planted()
UPSTREAM = os.environ.get("UPSTREAM", "")
DATABASE = os.environ.get("DATABASE", ":memory:")
PARTS: dict[str, Callable[[], Any]] = {}


def part(run: Callable[[], Any]) -> Callable[[], Any]:
    PARTS[run.__name__] = run
    return run


def seen(*values: object) -> str:
    """What came, so that two runs can be compared and nothing is written down."""
    return hashlib.sha256(repr(values).encode()).hexdigest()


# -- forms of what is sent -------------------------------------------------------------------------


def document(some: list[Planted]) -> dict[str, Any]:
    """Nested, in lists, as JSON in strings, and packed."""
    inner = json.dumps([{each.name: each.text} for each in some])
    return {
        "page": 3,
        "people": [{"id": n, each.name: each.text} for n, each in enumerate(some)],
        "deep": {"er": {"still": [[{each.name: each.text}] for each in some]}},
        "message": json.dumps({"payload": inner}),
        "packed": base64.b64encode(gzip.compress(inner.encode(), mtime=0)).decode(),
        "coded": base64.b64encode(inner.encode()).decode(),
        "hex": inner.encode().hex(),
        "headers": [{"name": each.name, "value": each.text} for each in some],
    }


def prose(some: list[Planted]) -> str:
    lines = [f"{each.name}={json.dumps(each.text)} was seen in: {each.text}" for each in some]
    return "\n".join(lines)


def markup(some: list[Planted]) -> str:
    plain = [each for each in some if not set(each.text) & set("<>&\n")]
    return "<all>" + "".join(f"<{e.name}>{e.text}</{e.name}>" for e in plain) + "</all>"


def form(some: list[Planted]) -> str:
    return urlencode([(each.name, each.text) for each in some])


def multipart(some: list[Planted]) -> tuple[str, bytes]:
    pieces = [
        f'--b0undary\r\nContent-Disposition: form-data; name="{each.name}"\r\n\r\n{each.text}\r\n'
        for each in some
    ]
    return "multipart/form-data; boundary=b0undary", ("".join(pieces) + "--b0undary--\r\n").encode()


def graphql(some: list[Planted]) -> dict[str, Any]:
    inline = ", ".join(f"{e.name.replace('-', '_')}: {json.dumps(e.text)}" for e in some)
    return {
        "query": f"mutation {{ save({inline}) {{ id }} }}",
        "variables": {"input": {e.name: e.text for e in some}},
    }


def bodies(some: list[Planted]) -> Iterator[tuple[str, bytes]]:
    yield "application/json", json.dumps(document(some)).encode()
    yield "application/json", json.dumps(document(some), indent=3, ensure_ascii=False).encode()
    yield "application/json", json.dumps(graphql(some)).encode()
    yield "text/plain", prose(some).encode()
    yield "application/xml", markup(some).encode()
    yield "application/x-www-form-urlencoded", form(some).encode()
    yield multipart(some)
    yield "application/octet-stream", b"\x00\xff" + prose(some).encode() + b"\xfe"
    yield (
        "text/event-stream",
        "".join(f"data: {json.dumps({e.name: e.text})}\n\n" for e in some).encode(),
    )


def headers(some: list[Planted]) -> dict[str, str]:
    plain = [each for each in some if "\n" not in each.text and each.text.isascii()]
    told = {
        f"X-{each.name}-{n}" if each.name[:4] == "note" else each.name: each.text
        for n, each in enumerate(plain)
    }
    cookies = "; ".join(f"c{n}={quote(e.text, safe='')}" for n, e in enumerate(plain[:20]))
    return {**told, "Cookie": cookies}


def address(some: list[Planted], *flags: str) -> str:
    small = [each for each in some if len(each.text) < 200]
    path = quote(small[0].text, safe="") if small[0].name.startswith("note") else "items"
    return f"{UPSTREAM}/{'/'.join(flags)}/{path}?page=2&{form(small)}"


def groups(size: int = 12) -> Iterator[list[Planted]]:
    for at in range(0, len(ALL), size):
        yield ALL[at : at + size]


# -- HTTP clients ----------------------------------------------------------------------------------


@part
def by_httpx() -> Any:
    import httpx

    found = []
    with httpx.Client() as client:
        for some in groups():
            for kind, body in bodies(some):
                answer = client.post(address(some), content=body, headers={"Content-Type": kind})
                found.append((answer.status_code, answer.content))
            answer = client.post(address(some, "gzip"), json=document(some), headers=headers(some))
            found.append((answer.json(), sorted(answer.headers.items())[-1:]))
    return seen(found)


@part
def by_requests() -> Any:
    import requests

    found = []
    with requests.Session() as session:
        for some in groups(30):
            for flags in ((), ("gzip",), ("chunked",)):
                answer = session.post(
                    address(some, *flags), json=document(some), headers=headers(some), timeout=10
                )
                found.append(answer.content)
            found.append(
                session.post(
                    address(some, "chunked"), data=prose(some).encode(), timeout=10
                ).content
            )
            answer = session.get(address(some), auth=("alice", some[0].secret), timeout=10)
            found.append(answer.status_code)
    return seen(found)


@part
def by_urllib() -> Any:
    found = []
    for some in groups(30):
        asked = urllib.request.Request(address(some), data=form(some).encode())
        with urllib.request.urlopen(asked, timeout=10) as answer:
            found.append(answer.read())
    return seen(found)


@part
def by_aiohttp() -> Any:
    import aiohttp

    async def run() -> Any:
        found = []
        async with aiohttp.ClientSession() as session:
            for some in groups(30):
                async with session.post(address(some, "chunked"), json=document(some)) as answer:
                    found.append(await answer.read())
        return found

    return seen(asyncio.run(run()))


# -- databases -------------------------------------------------------------------------------------


def column(each: Planted, number: int) -> str:
    return each.name.replace("-", "_").lower() + (f"_{number}" if each.name[:4] == "note" else "")


def table(some: list[Planted]) -> dict[str, str]:
    """Columns with their values, of those whose text a column can hold."""
    found: dict[str, str] = {}
    for number, each in enumerate(some):
        found.setdefault(column(each, number), each.text)
    return found


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def with_cursor(cursor: Any, mark: str, number: int, some: list[Planted]) -> list[Any]:
    """Parameters, literals, rows, and what a database says of a value it does not like."""
    row = table(some)
    name = f"planted_{number}"
    columns = ", ".join(f"{each} TEXT" for each in row)
    cursor.execute(f"DROP TABLE IF EXISTS {name}")
    cursor.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {columns})")
    names, marks = ", ".join(row), ", ".join([mark] * len(row))
    cursor.execute(f"INSERT INTO {name} (id, {names}) VALUES (1, {marks})", list(row.values()))
    literals = ", ".join(map(quoted, row.values()))
    if "%" not in literals and "\\" not in literals and "\n" not in literals:
        cursor.execute(f"INSERT INTO {name} (id, {names}) VALUES (2, {literals})")
    found = []
    for each, value in list(row.items())[:6]:
        cursor.execute(f"SELECT {each} AS told, id FROM {name} WHERE {each} = {mark}", [value])
        found.append([tuple(r) for r in cursor.fetchall()])
    cursor.execute(f"SELECT * FROM {name} ORDER BY id")
    found.append([tuple(r) for r in cursor.fetchall()])
    return found


@part
def by_sqlite3() -> Any:
    connection = sqlite3.connect(DATABASE)
    found: list[Any] = []
    for number, some in enumerate(groups(20)):
        found += with_cursor(connection.cursor(), "?", number, some)
        wrong = some[0]
        try:
            connection.execute(
                f"SELECT x FROM nowhere WHERE {column(wrong, 0)} = {quoted(wrong.text)} "
                f"/* {wrong.text} */"
            )
        except sqlite3.OperationalError as error:
            found.append(str(error))
    connection.commit()
    connection.close()
    return seen(found)


@part
def by_psycopg() -> Any:
    import psycopg

    found: list[Any] = []
    connection: Any
    with psycopg.connect(os.environ["POSTGRESQL"], autocommit=True) as connection:
        for number, some in enumerate(groups(30)):
            found += with_cursor(connection.cursor(), "%s", number, some)
            try:
                connection.execute(
                    f"INSERT INTO planted_{number} (id, {column(some[0], 0)}) VALUES (1, %s)",
                    [some[0].text],
                )
            except psycopg.errors.UniqueViolation as error:
                found.append((str(error), error.sqlstate))
            try:
                connection.execute("SELECT %s::text::integer", [some[1].text])
            except psycopg.Error as error:
                found.append((type(error).__name__, str(error)))
    return seen(found)


@part
def by_asyncpg() -> Any:
    import asyncpg

    async def run() -> Any:
        found: list[Any] = []
        connection = await asyncpg.connect(os.environ["POSTGRESQL"])
        for number, some in enumerate(groups(30)):
            row = table(some)
            columns = ", ".join(f"{each} TEXT" for each in row)
            await connection.execute(f"DROP TABLE IF EXISTS there_{number}")
            await connection.execute(f"CREATE TABLE there_{number} (id INTEGER, {columns})")
            marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
            insert = f"INSERT INTO there_{number} ({', '.join(row)}) VALUES ({marks})"
            await connection.execute(insert, *row.values())
            found += [dict(r) for r in await connection.fetch(f"SELECT * FROM there_{number}")]
        await connection.close()
        return found

    return seen(asyncio.run(run()))


@part
def by_pymysql() -> Any:
    import pymysql

    found: list[Any] = []
    connection = pymysql.connect(**json.loads(os.environ["MARIADB"]), autocommit=True)
    for number, some in enumerate(groups(10)):
        found += with_cursor(connection.cursor(), "%s", number, some)
    connection.close()
    return seen(found)


@part
def by_sqlalchemy() -> Any:
    import sqlalchemy as sa

    engine = sa.create_engine(f"sqlite:///{DATABASE}.alchemy")
    found: list[Any] = []
    with engine.begin() as connection:
        for number, some in enumerate(groups(30)):
            row = table(some)
            columns = ", ".join(f"{each} TEXT" for each in row)
            connection.execute(
                sa.text(f"CREATE TABLE IF NOT EXISTS s{number} (id INTEGER, {columns})")
            )
            marks = ", ".join(f":{each}" for each in row)
            connection.execute(
                sa.text(f"INSERT INTO s{number} ({', '.join(row)}) VALUES ({marks})"), [row, row]
            )
            found += [tuple(r) for r in connection.execute(sa.text(f"SELECT * FROM s{number}"))]
    engine.dispose()
    return seen(found)


# -- caches and documents --------------------------------------------------------------------------


@part
def by_redis() -> Any:
    import redis

    client: Any = redis.Redis(port=int(os.environ["REDIS_PORT"]), decode_responses=True)
    found: list[Any] = []
    for number, some in enumerate(groups(20)):
        fields = {each.name: each.text for each in some}
        client.hset(f"user:{number}", mapping=fields)
        found += [client.hgetall(f"user:{number}"), client.hmget(f"user:{number}", list(fields))]
        client.set(f"doc:{number}", json.dumps(document(some)), ex=1000)
        found.append(client.get(f"doc:{number}"))
        with client.pipeline() as pipeline:
            for each in some:
                pipeline.set(f"{each.name}:{number}", each.text)
                pipeline.get(f"{each.name}:{number}")
            found += pipeline.execute()
        client.rpush(f"list:{number}", *(json.dumps({e.name: e.text}) for e in some))
        found.append(client.lrange(f"list:{number}", 0, -1))
    client.close()
    return seen(found)


@part
def by_pymemcache() -> Any:
    from pymemcache.client.base import Client

    client = Client(("127.0.0.1", int(os.environ["MEMCACHED_PORT"])))
    found: list[Any] = []
    for number, some in enumerate(groups(20)):
        client.set(f"doc:{number}", json.dumps(document(some)).encode(), noreply=False)
        client.set(f"prose:{number}", prose(some).encode(), noreply=False)
        found += [client.get(f"doc:{number}"), client.get_many([f"prose:{number}", "nothing"])]
    client.close()
    return seen(found)


@part
def by_pymongo() -> Any:
    import pymongo

    client: Any = pymongo.MongoClient(os.environ["MONGODB"])
    found: list[Any] = []
    collection = client.shop.planted
    for number, some in enumerate(groups(30)):
        collection.insert_one({"_id": number, **document(some)})
        collection.update_one({"_id": number}, {"$set": {e.name: e.text for e in some}})
        found += list(collection.find({"_id": number}))
        found += list(collection.find({some[0].name: {"$in": [some[0].text]}}, {"page": 1}))
    client.close()
    return seen(found)


# -- what the application itself says --------------------------------------------------------------


@part
def failing() -> Any:
    import httpx

    try:
        httpx.get(f"{os.environ['REFUSED']}/?{form(ALL[:20])}")
    except httpx.ConnectError as error:
        return seen(type(error).__name__, str(error))
    return ""


def entry(tracer: Any) -> Any:
    some = ALL
    lines = [(b"content-type", b"application/json")]
    lines += [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers(some).items()]
    body = Body.of(json.dumps(document(some)).encode())
    url = f"http://shop/all?{form([e for e in some if len(e.text) < 100][:60])}"
    return begin_entry(
        "http", "asgi", HttpRequestRef("POST", url, lines, body, client=("81.2.69.142", 5000))
    )


def raised() -> BaseException:
    """With a traceback that shows its message."""
    try:
        return ValueError(int(prose(ALL[:40])))
    except ValueError as error:
        return error


def main(mode: str, folder: Path) -> None:
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.DEBUG if mode == "record" else logging.WARNING)
    for name in ("urllib3", "httpx", "httpcore", "asyncio", "pymongo", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)  # what they say is theirs
    tracer = otel.get_tracer("tests")
    found: dict[str, Any] = {}
    with tracer.start_as_current_span("POST /all", kind=SpanKind.SERVER):
        began = entry(tracer)
        for name, run in PARTS.items():
            if name in os.environ.get("WITHOUT", "").split():
                continue
            with tracer.start_as_current_span(name):
                try:
                    found[name] = run()
                except Exception as error:  # noqa: BLE001 - it is compared
                    found[name] = f"{type(error).__name__}: {error}"
                    if mode == "record":
                        traceback.print_exc()
        if began is not None:
            answer = Body.of(json.dumps(document(ALL)).encode())
            lines = [
                (b"content-type", b"application/json"),
                (b"set-cookie", b"sid=0123456789abcdef"),
            ]
            began.also_raised(raised())
            began.answered(HttpResponseRef(200, lines, answer))
    timetracer_otel.shutdown()
    write(folder, mode, found)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
