"""What recording costs each database driver: ``python -m benchmarks.drivers_cost``.

Microseconds at p50 for a statement that gives one row, and for one that gives 100 of 4 columns,
over a kept connection to a private server; the variants take turns. A database that is not
installed here is left out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from benchmarks.clients_cost import ROUNDS, VARIANTS, Times, inbound
from benchmarks.clients_cost import start as start_clients
from tests.servers import Mariadb, Memcached, MissingProgram, Mongodb, Postgresql, Redis

__all__ = ["ROUNDS", "measure", "table"]

CALLS = 20
ROWS = 100
KINDS = {"one": "1 row", "many": f"{ROWS} rows"}

Addresses = dict[str, Any]
Call = Callable[[], object]
Calls = dict[str, Call]
_OTEL = {
    "asyncpg": "AsyncPGInstrumentor",
    "psycopg": "PsycopgInstrumentor",
    "psycopg2": "Psycopg2Instrumentor",
    "pymemcache": "PymemcacheInstrumentor",
    "pymongo": "PymongoInstrumentor",
    "pymysql": "PyMySQLInstrumentor",
    "redis": "RedisInstrumentor",
    "sqlite3": "SQLite3Instrumentor",
    "sqlalchemy": "SQLAlchemyInstrumentor",
}
_LOOP = asyncio.new_event_loop()


def _filled(cursor: Any, mark: str) -> None:
    cursor.execute("CREATE TABLE bench (id INTEGER, name VARCHAR(20), price FLOAT, day DATE)")
    insert = f"INSERT INTO bench VALUES ({', '.join([mark] * 4)})"
    rows = [(n, f"thing {n}", n / 8, "2024-02-29") for n in range(ROWS)]
    cursor.executemany(insert, rows)


_ONE = "SELECT id, name, price, day FROM bench WHERE id = 7"
_MANY = "SELECT id, name, price, day FROM bench"


def _dbapi(connection: Any) -> Calls:
    def ask(statement: str) -> Call:
        def call() -> Any:
            cursor = connection.cursor()
            cursor.execute(statement)
            found = cursor.fetchall()
            cursor.close()
            return found

        return call

    return {"one": ask(_ONE), "many": ask(_MANY)}


def _psycopg(to: Addresses) -> Calls:
    import psycopg

    return _dbapi(psycopg.connect(to["postgresql"], autocommit=True))


def _psycopg2(to: Addresses) -> Calls:
    import psycopg2

    connection = psycopg2.connect(to["postgresql"])
    connection.autocommit = True
    return _dbapi(connection)


def _asyncpg(to: Addresses) -> Calls:
    import asyncpg

    connection = _LOOP.run_until_complete(asyncpg.connect(to["postgresql"]))
    return {
        "one": lambda: connection.fetch(_ONE),
        "many": lambda: connection.fetch(_MANY),
    }


def _sqlalchemy(to: Addresses) -> Calls:
    import sqlalchemy as sa

    url = to["postgresql"].replace("postgresql:", "postgresql+psycopg:")
    connection = sa.create_engine(url).connect()
    one, many = sa.text(_ONE), sa.text(_MANY)
    return {
        "one": lambda: connection.execute(one).all(),
        "many": lambda: connection.execute(many).all(),
    }


def _pymysql(to: Addresses) -> Calls:
    import pymysql

    return _dbapi(pymysql.connect(**to["mysql"], autocommit=True))


def _aiomysql(to: Addresses) -> Calls:
    import aiomysql

    address = {("db" if k == "database" else k): v for k, v in to["mysql"].items()}
    connection = _LOOP.run_until_complete(aiomysql.connect(**address, autocommit=True))

    async def ask(statement: str) -> Any:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
            return await cursor.fetchall()

    return {"one": lambda: ask(_ONE), "many": lambda: ask(_MANY)}


def _sqlite3(_: Addresses) -> Calls:
    import sqlite3

    connection = sqlite3.connect(":memory:", isolation_level=None)
    _filled(connection.cursor(), "?")
    return _dbapi(connection)


def _pymongo(to: Addresses) -> Calls:
    import pymongo

    things: Any = pymongo.MongoClient(to["mongodb"])["bench"]["things"]
    return {
        "one": lambda: things.find_one({"_id": 7}),
        "many": lambda: list(things.find({}, batch_size=ROWS + 1)),
    }


def _redis(to: Addresses) -> Calls:
    import redis

    client = redis.Redis.from_url(to["redis"])
    return {"one": lambda: client.get("thing"), "many": lambda: client.lrange("things", 0, -1)}


def _pymemcache(to: Addresses) -> Calls:
    from pymemcache.client.base import Client

    client = Client(tuple(to["memcached"]))
    names = [f"thing{n}" for n in range(ROWS)]
    return {"one": lambda: client.get("thing0"), "many": lambda: client.get_many(names)}


DRIVERS: dict[str, tuple[str, Callable[[Addresses], Calls]]] = {
    "psycopg": ("postgresql", _psycopg),
    "psycopg2": ("postgresql", _psycopg2),
    "asyncpg": ("postgresql", _asyncpg),
    "SQLAlchemy, psycopg": ("postgresql", _sqlalchemy),
    "PyMySQL": ("mysql", _pymysql),
    "aiomysql": ("mysql", _aiomysql),
    "sqlite3": ("", _sqlite3),
    "pymongo": ("mongodb", _pymongo),
    "redis": ("redis", _redis),
    "pymemcache": ("memcached", _pymemcache),
}
"""The database of each driver, and the calls by it over a kept connection."""


@contextmanager
def _servers() -> Iterator[Addresses]:
    """The addresses of what is installed, each with something in it."""
    with ExitStack() as stack:
        found: Addresses = {}
        for name, kind in {
            "postgresql": Postgresql,
            "mysql": Mariadb,
            "mongodb": Mongodb,
            "redis": Redis,
            "memcached": Memcached,
        }.items():
            try:
                server: Any = kind()
            except MissingProgram:
                continue
            stack.callback(server.close)
            server.renew()
            found[name] = _address(name, server)
            _fill(name, found[name])
        yield found


def _address(name: str, server: Any) -> Any:
    if name == "mysql":
        fields = ("host", "port", "user", "password", "database")
        return {field: getattr(server, field) for field in fields}
    if name == "postgresql":
        return server.dsn("postgresql")
    if name == "memcached":
        return [server.host, server.port]
    return f"{name}://{server.host}:{server.port}"


def _fill(name: str, address: Any) -> None:
    if name in {"postgresql", "mysql"}:
        module: Any = import_module({"postgresql": "psycopg", "mysql": "pymysql"}[name])
        given = address if isinstance(address, dict) else {"conninfo": address}
        connection = module.connect(**given, autocommit=True)
        _filled(connection.cursor(), "%s")
        connection.close()
    elif name == "mongodb":
        things: Any = import_module("pymongo").MongoClient(address)["bench"]["things"]
        rows = [{"_id": n, "name": f"thing {n}", "price": n / 8, "n": n} for n in range(ROWS)]
        things.insert_many(rows)
    elif name == "redis":
        client: Any = import_module("redis").Redis.from_url(address)
        client.set("thing", "value")
        client.rpush("things", *(f"thing {n}" for n in range(ROWS)))
    else:
        cache: Any = import_module("pymemcache.client.base").Client(tuple(address))
        cache.set_many({f"thing{n}": f"value {n}" for n in range(ROWS)})


def _start(variant: str, folder: str) -> Any:
    """As for clients, with the instrumentors of the drivers."""
    logging.disable(logging.CRITICAL)
    tracer = start_clients(variant, folder)
    if variant == "otel":
        for module, instrumentor in _OTEL.items():
            found = import_module(f"opentelemetry.instrumentation.{module}")
            # as `instrument()` has it: else a later version has no spans to compare with
            getattr(found, instrumentor)().instrument(skip_dep_check=True)
    return tracer


def _times(call: Call) -> Times:
    async def all_of_them() -> Times:
        taken = []
        for _ in range(CALLS):
            begun = time.perf_counter()
            found = call()
            if isinstance(found, Awaitable):
                await found
            taken.append((time.perf_counter() - begun) * 1e6)
        return taken

    return _LOOP.run_until_complete(all_of_them())


def serve(variant: str, addresses: str) -> None:
    """Answer each line, a driver and a kind of call, by the times of its calls."""
    to = json.loads(addresses)
    with tempfile.TemporaryDirectory() as folder:
        tracer = _start(variant, folder)
        calls = {name: make(to) for name, (system, make) in DRIVERS.items() if _has(to, system)}
        print("ready", flush=True)
        for line in sys.stdin:
            driver, kind = json.loads(line)
            with inbound(tracer):
                taken = _times(calls[driver][kind])
            print(json.dumps(taken), flush=True)


def _has(to: Addresses, system: str) -> bool:
    return not system or system in to


def measure(rounds: int = ROUNDS) -> dict[tuple[str, str], dict[str, float]]:
    """Microseconds at p50, by driver and kind of call, and by variant."""
    with _servers() as to, ExitStack() as stack:
        known = [name for name, (system, _) in DRIVERS.items() if _has(to, system)]
        taken: dict[tuple[str, str], dict[str, Times]] = {
            (driver, kind): {v: [] for v in VARIANTS} for driver in known for kind in KINDS
        }
        running = {v: stack.enter_context(_running(v, json.dumps(to))) for v in VARIANTS}
        for turn in range(rounds + 2):
            print(f"\rdrivers {turn + 1}/{rounds + 2} ", end="", file=sys.stderr)
            for call, by_variant in taken.items():
                for variant, child in running.items():
                    times = _ask(child, call)
                    by_variant[variant] += times if turn > 1 else []
    print(file=sys.stderr)
    return {c: {v: statistics.median(t) for v, t in by.items()} for c, by in taken.items()}


@contextmanager
def _running(variant: str, addresses: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.drivers_cost", variant, addresses]
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    try:
        assert child.stdout is not None
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"variant {variant} did not start")
        yield child
    finally:
        child.terminate()
        child.wait(10)


def _ask(child: subprocess.Popen[str], call: tuple[str, str]) -> Times:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(f"{json.dumps(call)}\n")
    child.stdin.flush()
    taken: Times = json.loads(child.stdout.readline())
    return taken


def table(measured: dict[tuple[str, str], dict[str, float]]) -> str:
    """Markdown: microseconds, and in brackets the ratio to OpenTelemetry alone."""
    lines = ["| | " + " | ".join(VARIANTS) + " |", "|---" * (len(VARIANTS) + 1) + "|"]
    for (driver, kind), by in measured.items():
        cells = [f"{by[v]:.0f} ({by[v] / by['otel']:.2f}×)" for v in VARIANTS]
        lines.append(f"| {driver}, {KINDS[kind]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(*sys.argv[1:])
    else:
        print(table(measure()))
