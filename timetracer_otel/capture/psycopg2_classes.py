"""The classes between psycopg2's own in C and what derives from those, while recording."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.capture.asyncpg import SETTINGS
from timetracer_otel.capture.psycopg2 import psycopg2_origin
from timetracer_otel.dbapi_calls import Call, Origin
from timetracer_otel.dbapi_classes import noted_question, under
from timetracer_otel.recording import guarded

__all__ = ["ASKED_OF_CONNECTIONS", "Rows", "connection_class", "text_of"]

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


class Rows:
    """Rows as the application wants them, of a cursor's tuples: what psycopg2 does in C if it has
    a `row_factory`, which it has not: ours is below, and must see the values.
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


@cache
def connection_class() -> type[Any]:
    """The class below every connection that is recorded."""
    from psycopg2.extensions import ConnectionInfo, connection, cursor

    class Connection(connection):  # type: ignore[misc]  # it ships no types
        _timetracer_origin: Origin | None = None

        def __init__(self, dsn: Any, *args: Any, **keywords: Any) -> None:
            super().__init__(dsn, *args, **keywords)
            with guarded("psycopg2 connection"):
                self._timetracer_origin = origin = psycopg2_origin(dsn)
                with origin.setting_up():
                    call = origin.begin("connect")
                if call is not None:
                    call.answer.extra["facts"] = _facts(self)
                    call.finish()

        def cursor(self, *args: Any, **keywords: Any) -> Any:
            with guarded("psycopg2 cursor"):
                args, keywords = _with_recording_cursor(self, args, keywords, cursor)
            return super().cursor(*args, **keywords)

        def commit(self) -> Any:
            asked = ("commit", "", None)
            return noted_question(self._timetracer_origin, asked, super().commit)

        def rollback(self) -> Any:
            """Its success says nothing; a failure is noted."""
            try:
                return super().rollback()
            except BaseException as error:
                with guarded("psycopg2 rollback"):
                    origin = self._timetracer_origin
                    call = origin.begin("rollback") if origin is not None else None
                    if call is not None:
                        call.failed(error, "rollback")
                raise

        @property
        def info(self) -> Any:
            found = super().info
            return _info_class()(self) if type(found) is ConnectionInfo else found

    for name in ASKED_OF_CONNECTIONS:
        setattr(Connection, name, _asking(Connection, getattr(connection, name)))
    return Connection


@cache
def _info_class() -> type[Any]:
    """psycopg2's own, but for what is another one each time."""
    from psycopg2.extensions import ConnectionInfo

    class Info(ConnectionInfo):  # type: ignore[misc]  # it ships no types
        def __init__(self, connection: Any) -> None:
            super().__init__(connection)
            self._timetracer_connection = connection

        @property
        def backend_pid(self) -> Any:
            return self._timetracer_connection.get_backend_pid()

    Info.__name__, Info.__qualname__ = ConnectionInfo.__name__, ConnectionInfo.__qualname__
    Info.__module__ = ConnectionInfo.__module__
    return Info


def _asking(kind: type[Any], original: Any) -> Callable[..., Any]:
    @wraps(original)
    def ask(self: Any, *args: Any) -> Any:
        asked = (original.__name__, "", [str(argument) for argument in args] or None)
        call = lambda: getattr(super(kind, self), original.__name__)(*args)  # noqa: E731
        return noted_question(
            self._timetracer_origin, asked, call, lambda noted: _said_besides(noted, self)
        )

    return ask


def _with_recording_cursor(
    connection: Any, args: tuple[Any, ...], keywords: dict[str, Any], base: type[Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of `cursor`, for a cursor that is recorded."""
    from timetracer_otel.capture.psycopg2_cursors import cursor_class

    given = args[1] if len(args) > 1 else keywords.get("cursor_factory")
    factory = given or connection.cursor_factory or base
    if not isinstance(factory, type):
        return args, keywords
    factory = under(factory, cursor_class())
    if len(args) > 1:
        return (args[0], factory, *args[2:]), keywords
    return args, {**keywords, "cursor_factory": factory}


def _facts(connection: Any) -> dict[str, Any]:
    """What the server says of itself and of the connection, the process number left out."""
    info = connection.info
    named = ("dbname", "user", "host", "port", "ssl_in_use", "socket")
    statuses = {name: connection.get_parameter_status(name) for name in SETTINGS}
    return {
        "server_version": connection.server_version,
        "protocol_version": connection.protocol_version,
        "encoding": connection.encoding,
        "dsn": connection.dsn,
        "info": {name: getattr(info, name) for name in named if name != "socket"},
        "dsn_parameters": connection.get_dsn_parameters(),
        "parameters": {name: text for name, text in statuses.items() if text is not None},
    }


def _said_besides(noted: Call, connection: Any) -> None:
    """Notices and notifications that have come by now, and a state that does not go without saying."""
    if connection.notices:
        noted.answer.extra["notices"] = list(connection.notices)
    if connection.notifies:
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
        parts = [part if isinstance(part, str) else bytes(part) for part in self._self_passed]
        text = isinstance(self.__wrapped__, io.TextIOBase) or any(
            isinstance(part, str) for part in parts
        )
        return ("" if text else b"").join(parts)
