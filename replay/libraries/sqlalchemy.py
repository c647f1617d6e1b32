"""SQLAlchemy: its pools open connections that answer from the recording."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from timetracer_otel.capture.sqlalchemy import LIBRARY as CAPTURED
from timetracer_otel.capture.sqlalchemy import (
    NAMING,
    TELEMETRY,
    Creator,
    is_local,
    makes_connections_itself,
    origin_of,
)
from timetracer_otel.dbapi import RecordingConnection
from timetracer_otel.patching import Patch, PatchIfPresent, WhenImported
from timetracer_otel.replay.database_answers import raise_recorded_refusal
from timetracer_otel.replay.database_drivers import DRIVERS, psycopg_columns
from timetracer_otel.replay.dbapi import Driver, RecordedConnection
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]

_OPENING: ContextVar[Any] = ContextVar("timetracer_opening", default=None)
"""The pool that opens a connection."""


class _Opener:
    """Opens recorded connections in place of the pool's own creator."""

    def __init__(self, live: Callable[..., Any], pool: Any) -> None:
        self._live = live
        self._pool = pool

    def __call__(self, *args: Any) -> Any:
        if not serving("sqlalchemy") or is_local(self._pool):
            return self._live(*args)
        raise_recorded_refusal(origin_of(self._pool))
        if not makes_connections_itself(self._pool._creator):
            return _recorded(self._pool)
        token = _OPENING.set(self._pool)
        try:
            # the application's `do_connect` listeners run; in the end the dialect connects
            opened = self._live(*args)
        finally:
            _OPENING.reset(token)
        return opened if isinstance(opened, RecordedConnection) else _recorded(self._pool)


def _recorded(pool: Any) -> RecordedConnection:
    origin = origin_of(pool)
    origin.scope = "bootstrap"
    dialect = pool._dialect
    connection = RecordedConnection(origin, _driver_of(dialect))
    if dialect.driver in ("psycopg", "psycopg_async"):
        from psycopg import adapters
        from psycopg.adapt import AdaptersMap

        connection.adapters = AdaptersMap(adapters)
    return connection


def _driver_of(dialect: Any) -> Driver:
    if not dialect.is_async:
        return DRIVERS.get(dialect.driver, Driver)(dialect.driver)
    module = type(dialect).__module__
    classes = [
        found
        for name, found in vars(sys.modules[module]).items()
        if name.startswith("AsyncAdapt_") and found.__module__ == module
    ]
    connections = [found for found in classes if found.__name__.endswith("_connection")]
    cursors = [c for c in classes if c.__name__.endswith("_cursor") and "_ss_" not in c.__name__]
    psycopg = dialect.driver.startswith("psycopg")
    return Driver(
        dialect.driver,
        connection=connections[-1] if connections else None,
        cursor=cursors[-1] if cursors else None,
        described=psycopg_columns if psycopg else list if dialect.driver == "asyncpg" else tuple,
        forgets_rowcount=psycopg,
        wait=_let_others_run,
    )


def _let_others_run(seconds: float) -> None:
    from sqlalchemy.util import await_only

    await_only(asyncio.sleep(seconds))


def _connecting_dialect(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connect(self: Any, *args: Any, **keywords: Any) -> Any:
        pool = _OPENING.get()
        return original(self, *args, **keywords) if pool is None else _recorded(pool)

    return connect


def _connecting(original: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(original)
    def connect(self: Any) -> None:
        pool = self._ConnectionRecord__pool
        present = pool._invoke_creator
        if isinstance(present, Creator):  # the recording stays around what we open
            if not isinstance(present.open_connection, _Opener):
                present.open_connection = _Opener(present.open_connection, pool)
        elif not isinstance(present, _Opener):
            pool._invoke_creator = _Opener(present, pool)
        original(self)
        opened = _real(self.dbapi_connection)
        if isinstance(opened, RecordedConnection):
            opened.origin.scope = "trace"  # its connect events are over

    return connect


def _real(connection: Any) -> Any:
    wrapped = isinstance(connection, RecordingConnection)
    return connection.__wrapped__ if wrapped else connection


def _pinging(original: Callable[..., bool]) -> Callable[..., bool]:
    @wraps(original)
    def ping(self: Any, dbapi_connection: Any) -> bool:
        real = _real(dbapi_connection)
        # a ping asks for nothing that a recording could hold
        return isinstance(real, RecordedConnection) or original(self, dbapi_connection)

    return ping


def _recorded_types(original: Callable[..., Any]) -> Callable[..., Any]:
    """What psycopg's dialects were told of hstore when they first connected."""

    @wraps(original)
    def fetch(self: Any, connection: Any, name: str) -> Any:
        real = _real(connection.connection.dbapi_connection)
        if not isinstance(real, RecordedConnection):
            return original(self, connection, name)
        found = real._ask_recorded("type_info", [name])
        if found is None:
            return None
        from psycopg.types import TypeInfo

        return TypeInfo(found[0], found[1], found[2], regtype=found[3])

    return fetch


_PSYCOPG = "sqlalchemy.dialects.postgresql.psycopg"


def _naming_database(original: Callable[..., Any]) -> Callable[..., Any]:
    """The instrumentor asks the driver's connection; there is none, and its URL says the same."""

    @wraps(original)
    def name(vendor: Any, connection: Any, cursor: Any) -> Any:
        if not serving("sqlalchemy"):
            return original(vendor, connection, cursor)
        return getattr(getattr(connection.engine, "url", None), "database", None)

    return name


LIBRARY = CAPTURED.in_replay(
    changes=(
        Patch("sqlalchemy.engine.default:DefaultDialect.connect", _connecting_dialect),
        Patch("sqlalchemy.pool.base:_ConnectionRecord._ConnectionRecord__connect", _connecting),
        Patch("sqlalchemy.engine.default:DefaultDialect._do_ping_w_event", _pinging),
        WhenImported(TELEMETRY, (PatchIfPresent(f"{TELEMETRY}:{NAMING}", _naming_database),)),
        WhenImported(
            _PSYCOPG,
            (
                Patch(f"{_PSYCOPG}:PGDialect_psycopg._type_info_fetch", _recorded_types),
                Patch(f"{_PSYCOPG}:PGDialectAsync_psycopg._type_info_fetch", _recorded_types),
            ),
        ),
    ),
)
