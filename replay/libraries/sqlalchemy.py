"""SQLAlchemy: its pools open connections that answer from the recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.sqlalchemy import LIBRARY as CAPTURED
from timetracer_otel.capture.sqlalchemy import SYSTEMS, Creator
from timetracer_otel.dbapi import RecordingConnection
from timetracer_otel.interaction import decode_error
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.sql import SqlRequestRef
from timetracer_otel.replay.dbapi import RecordedConnection
from timetracer_otel.replay.sessions import current_session, serving

__all__ = ["LIBRARY"]


class _Opener:
    """Opens recorded connections in place of the pool's own creator."""

    def __init__(self, live: Callable[..., Any], pool: Any) -> None:
        self._live = live
        self._pool = pool

    def __call__(self, *args: Any) -> Any:
        if not serving("sqlalchemy"):
            return self._live(*args)
        dialect = self._pool._dialect
        system = SYSTEMS.get(dialect.name, dialect.name)
        _raise_recorded_refusal(system, dialect.driver)
        return RecordedConnection(
            library="sqlalchemy",
            system=system,
            driver=dialect.driver,
            checkpoint=_yield_once if dialect.is_async else _nothing,
        )


def _raise_recorded_refusal(system: str, driver: str) -> None:
    """A connection that was refused in this request is refused again, once each."""
    session = current_session()
    if session is None:
        return
    refused = session.take_if_recorded("sql", SqlRequestRef("connect", system, driver))
    if refused is not None and refused.error is not None:
        raise decode_error(refused.error)


def _nothing() -> None:
    return None


def _yield_once() -> None:
    from sqlalchemy.util import await_only

    await_only(asyncio.sleep(0))


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
            opened.scope = "trace"  # its connect events are over

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


def _no_type_info(original: Callable[..., Any]) -> Callable[..., Any]:
    """Psycopg's own query for hstore wants its own connection; rows come converted anyway."""

    @wraps(original)
    def fetch(self: Any, connection: Any, name: str) -> Any:
        if isinstance(_real(connection.connection.dbapi_connection), RecordedConnection):
            return None
        return original(self, connection, name)

    return fetch


_PSYCOPG = "sqlalchemy.dialects.postgresql.psycopg"

LIBRARY = Library(
    name="sqlalchemy",
    protocol="sql",
    module="sqlalchemy",
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=(
        Patch("sqlalchemy.pool.base:_ConnectionRecord._ConnectionRecord__connect", _connecting),
        Patch("sqlalchemy.engine.default:DefaultDialect._do_ping_w_event", _pinging),
        Patch(f"{_PSYCOPG}:PGDialect_psycopg._type_info_fetch", _no_type_info),
        Patch(f"{_PSYCOPG}:PGDialectAsync_psycopg._type_info_fetch", _no_type_info),
    ),
)
