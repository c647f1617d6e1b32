"""Connections that wait in pools: of no use once a process changes between live and replayed.

A pool that an application keeps in a module outlives its tests. What it holds was opened to a
live service or to a recording, and would go on as that: a replayed test would ask the service,
a recorded one the recording. So between two such tests every pool lets go of what is idle, as
it would of what its server has closed, and opens anew.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

from timetracer_otel.recording import guarded

__all__ = ["let_go_of_idle_connections"]


def let_go_of_idle_connections() -> None:
    """Of every pool in the process, of the libraries that it has imported."""
    kinds: list[tuple[type, Callable[[Any], object]]] = []
    for module, name, let_go in _POOLS:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type):
            kinds.append((kind, let_go))
    if kinds:
        classes = tuple(kind for kind, _ in kinds)
        # there is no other list of them: applications keep their pools where they like
        for pool in [one for one in gc.get_objects() if _is_one_of(one, classes)]:
            for kind, let_go in kinds:
                if isinstance(pool, kind):
                    with guarded(f"connections of {kind.__module__}"):
                        let_go(pool)
    _let_go_of_django()


def _is_one_of(one: object, classes: tuple[type, ...]) -> bool:
    return issubclass(type(one), classes)  # `isinstance` would ask proxies what they stand for


def _of_engine(engine: Any) -> None:
    from timetracer_otel.capture.sqlalchemy import is_local, note_address

    note_address(engine)
    if is_local(engine.pool):  # what is in it would be gone with its connections
        return
    # an asynchronous driver cannot be told to close here: its loop is gone, or runs
    engine.dispose(close=not engine.dialect.is_async)


def _of_asyncpg(pool: Any) -> None:
    _run_through(pool.expire_connections())


def _of_urllib3(pool: Any) -> None:
    for connection in list(getattr(pool.pool, "queue", ())):
        if connection is not None:
            connection.close()


def _of_aiohttp(connector: Any) -> None:
    for waiting in connector._conns.values():
        for protocol, *_ in waiting:
            protocol.close()
    connector._conns.clear()


def _of_pymongo(client: Any) -> None:
    for server in client._topology._servers.values():
        reset = server.pool.reset()
        if reset is not None:
            _run_through(reset)


def _run_through(coroutine: Any) -> None:
    """A coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()


_POOLS: tuple[tuple[str, str, Callable[[Any], object]], ...] = (
    ("sqlalchemy.engine.base", "Engine", _of_engine),
    ("redis.connection", "ConnectionPool", lambda pool: pool.disconnect(inuse_connections=False)),
    ("redis.asyncio.connection", "ConnectionPool", lambda pool: pool.reset()),
    ("asyncpg.pool", "Pool", _of_asyncpg),
    ("urllib3.connectionpool", "HTTPConnectionPool", _of_urllib3),
    ("aiohttp.connector", "BaseConnector", _of_aiohttp),
    ("pymemcache.client.base", "Client", lambda client: client.close()),
    ("pymemcache.client.base", "PooledClient", lambda client: client.client_pool.clear()),
    ("pymongo.synchronous.mongo_client", "MongoClient", _of_pymongo),
    ("pymongo.asynchronous.mongo_client", "AsyncMongoClient", _of_pymongo),
)


def _let_go_of_django() -> None:
    database = sys.modules.get("django.db")
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if database is not None and settings is not None and settings.configured:
        for connection in database.connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                with guarded("connections of django"):
                    connection.close()
