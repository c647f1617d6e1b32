"""What recording and replay of psycopg2 have in common, and what their cursors are made of."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.dbapi_calls import Call, Origin
from timetracer_otel.ownership import owned

__all__ = ["ASKED_OF_CONNECTIONS", "Rows", "Tee", "psycopg2_origin", "said_besides", "text_of"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy

ASKED_OF_CONNECTIONS = (
    "get_backend_pid",
    "poll",
    "tpc_begin",
    "tpc_commit",
    "tpc_prepare",
    "tpc_recover",
    "tpc_rollback",
)
"""Methods of a connection that ask the server, or whose answer is another each time."""

_IDLE, _IN_TRANSACTION = 0, 2


def psycopg2_origin(dsn: Any) -> Origin:
    """Where the calls of a connection to `dsn` come from; no user, and no password."""
    from psycopg2.extensions import parse_dsn

    named = parse_dsn(dsn)
    host = named.get("host", named.get("hostaddr", ""))
    port = f":{named['port']}" if "port" in named else ""
    database = named.get("dbname", "")
    server = f"{host}{port}/{database}" if host else database
    library = owned() or "psycopg2"  # aiopg stands on it
    origin = Origin(library=library, system="postgresql", driver="psycopg2", server=server)
    origin.spanned = True
    return origin


class Rows:
    """Rows as the application wants them, of a cursor's tuples.

    psycopg2 does so in C if it has a `row_factory`, which it has not: ours is below, and must
    see the values.
    """

    _timetracer_row_factory: Any = None
    _timetracer_records = False

    @property
    def row_factory(self) -> Any:
        return self._timetracer_row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._timetracer_row_factory = factory

    def _timetracer_built(self, rows: list[tuple[Any, ...]]) -> Any:
        factory = self._timetracer_row_factory
        if factory is None:
            return rows
        built = []
        for row in rows:
            made = factory(self)
            for place, value in enumerate(row):
                made[place] = value
            built.append(made)
        return built


def text_of(cursor: Any, statement: Any) -> Any:
    """A statement put together by `psycopg2.sql` as the text it is sent as."""
    return statement.as_string(cursor) if hasattr(statement, "as_string") else statement


def said_besides(noted: Call, connection: Any) -> None:
    """Notices and notifications that have come by now, and a state that is not the usual one."""
    if connection.notices:
        noted.answer.extra["notices"] = list(connection.notices)
    if connection.notifies and not connection.async_:
        noted.answer.extra["notifies"] = [
            [notify.pid, notify.channel, notify.payload] for notify in connection.notifies
        ]
    status = connection.get_transaction_status()
    if status != (_IDLE if connection.autocommit else _IN_TRANSACTION):
        noted.answer.extra["transaction"] = status


class Tee(_Proxy):
    """A file that COPY reads or writes, and what passed."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self._self_passed: list[Any] = []

    def read(self, *args: Any) -> Any:
        data = self.__wrapped__.read(*args)
        self._self_passed.append(data)
        return data

    def write(self, data: Any) -> Any:
        self._self_passed.append(data)
        return self.__wrapped__.write(data)

    def _self_all(self) -> Any:
        parts: Any = [p if isinstance(p, str) else bytes(p) for p in self._self_passed]
        text = isinstance(self.__wrapped__, io.TextIOBase) or any(
            isinstance(part, str) for part in parts
        )
        return ("" if text else b"").join(parts)
