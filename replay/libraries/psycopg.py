"""psycopg 3: connections and cursors of its own, whose statements the recording answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg import LIBRARY as CAPTURED
from timetracer_otel.capture.psycopg_results import (
    form_left_at,
    leaving_form,
    psycopg_origin,
    statement_of,
)
from timetracer_otel.errors import CannotReplay
from timetracer_otel.libraries import Library
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.replay.database_answers import (
    Reading,
    asked,
    raise_recorded_refusal,
    recorded_facts,
)
from timetracer_otel.replay.psycopg_libpq import (
    IDLE,
    IN_ERROR,
    IN_TRANSACTION,
    pgconn_class,
    results_of,
    transformer_class,
)
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]

_Gen = Generator[Any, Any, Any]


def _connecting(original: Any) -> Any:
    function = original.__func__

    @wraps(function)
    def _connect_gen(cls: Any, conninfo: str = "", *args: Any, **keywords: Any) -> _Gen:
        if owned() or not serving("psycopg"):
            return (yield from function(cls, conninfo, *args, **keywords))
        origin = psycopg_origin(conninfo)
        raise_recorded_refusal(origin)
        pgconn = pgconn_class().__new__(pgconn_class())
        pgconn._replayed_facts = recorded_facts(origin)
        connection = cls(pgconn)
        vars(connection)["_replayed_origin"] = origin
        return connection

    return classmethod(_connect_gen)


def _is_replayed(connection: Any) -> bool:
    return "_replayed_origin" in vars(connection)


def _starting(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _start_query(self: Any, query: Any = None) -> _Gen:
        yield from original(self, query)
        if _is_replayed(self._conn) and not isinstance(self._tx, transformer_class()):
            self._tx = transformer_class()(self)

    return _start_query


class _Offline:
    """What adapts values without a connection that C would look into."""

    connection = None

    def __init__(self, adapters: Any) -> None:
        self.adapters = adapters


def _converting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _convert_query(self: Any, query: Any, params: Any = None) -> Any:
        if not _is_replayed(self._conn):
            return original(self, query, params)
        from psycopg.adapt import Transformer

        converted = self._query_cls(Transformer(_Offline(self._adapters)))
        converted.convert(query, params)
        return converted

    return _convert_query


def _writing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Names and literals, as with a connection in UTF-8."""

    @wraps(original)
    def as_bytes(self: Any, context: Any = None) -> Any:
        connection = getattr(context, "connection", None)
        if connection is not None and _is_replayed(connection):
            context = _Offline(context.adapters)
        return original(self, context)

    return as_bytes


def _running(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _maybe_prepare_gen(self: Any, pgq: Any, **keywords: Any) -> _Gen:
        connection = self._conn
        if not _is_replayed(connection):
            return (yield from original(self, pgq, **keywords))
        if connection._pipeline:
            raise _unseen("a pipeline")
        self._query = pgq
        try:
            statement, parameters = form_left_at(connection, pgq)
            recorded = asked(connection._replayed_origin, "execute", statement, parameters)
        except Exception as error:
            _failed(connection, error)
            raise
        reading = Reading(recorded)
        usual = IDLE if connection._autocommit else IN_TRANSACTION
        connection.pgconn._replayed_in(reading.extra.get("transaction", usual))
        self._set_results(results_of(reading))
        return None

    return _maybe_prepare_gen


def _failed(connection: Any, error: Exception) -> None:
    code = getattr(error, "sqlstate", None) or ""
    if code.startswith("57P"):
        connection.pgconn.finish()
    elif code and connection.pgconn.transaction_status != IDLE:
        connection.pgconn._replayed_in(IN_ERROR)


def _commanding(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _exec_command(self: Any, command: Any, *args: Any, **keywords: Any) -> _Gen:
        if not _is_replayed(self):
            return (yield from original(self, command, *args, **keywords))
        self._check_connection_ok()
        if hasattr(command, "as_bytes"):
            command = command.as_string(None).encode()
        text = command if isinstance(command, bytes) else command.encode()
        if text == b"COMMIT":
            self.pgconn._replayed_in(IDLE)
            asked(self._replayed_origin, "commit")
        elif text.startswith(b"BEGIN"):
            self.pgconn._replayed_in(IN_TRANSACTION)
        elif text == b"ROLLBACK":
            self.pgconn._replayed_in(IDLE)
        elif text.startswith(b"ROLLBACK TO"):
            self.pgconn._replayed_in(IN_TRANSACTION)
        return None

    return _exec_command


def _many(cursor: Any, query: Any, params_seq: Any, *, returning: bool) -> None:
    """What `executemany` does, asked for as a whole."""
    from psycopg import InterfaceError

    connection = cursor._conn
    if cursor.closed:
        raise InterfaceError("the cursor is closed")
    connection._check_connection_ok()
    cursor._reset()
    cursor._tx = transformer_class()(cursor)
    cursor._execmany_returning = returning
    if not connection._autocommit:
        connection.pgconn._replayed_in(IN_TRANSACTION)
    statement = statement_of(query)
    try:
        recorded = asked(connection._replayed_origin, "executemany", statement, list(params_seq))
    except Exception as error:
        _failed(connection, error)
        raise
    reading = Reading(recorded)
    if reading.columns is not None:
        cursor._set_results(results_of(reading))
        return
    cursor._rowcount = reading.rowcount
    command = reading.extra.get("command")
    if hasattr(cursor, "_statusmessage"):  # from psycopg 3.3 on
        cursor._statusmessage = command.encode() if command is not None else None


def _executing_many(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def executemany(self: Any, query: Any, params_seq: Any, *, returning: bool = False) -> Any:
        if not _is_replayed(self._conn) or self._conn._pipeline:
            return original(self, query, params_seq, returning=returning)
        return _many(self, query, params_seq, returning=returning)

    return executemany


def _executing_many_later(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def executemany(
        self: Any, query: Any, params_seq: Any, *, returning: bool = False
    ) -> Any:
        if not _is_replayed(self._conn) or self._conn._pipeline:
            return await original(self, query, params_seq, returning=returning)
        await asyncio.sleep(0)
        return _many(self, query, params_seq, returning=returning)

    return executemany


def _entering_pipeline(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def pipeline(self: Any, *args: Any, **keywords: Any) -> Any:
        if _is_replayed(self):
            raise _unseen("a pipeline")
        return original(self, *args, **keywords)

    return pipeline


def _refusing(what: str) -> Callable[[Callable[..., _Gen]], Callable[..., _Gen]]:
    def wrap(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
        @wraps(original)
        def refuse(self: Any, *args: Any, **keywords: Any) -> _Gen:
            if _is_replayed(self._conn):
                raise _unseen(what)
            return (yield from original(self, *args, **keywords))

        return refuse

    return wrap


def _unseen(what: str) -> CannotReplay:
    return CannotReplay(subject=f"{what} of psycopg", reason="what passes there is not recorded")


def _waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    """The network would have let other tasks run; what was cancelled waits to be so again."""

    @wraps(original)
    async def wait(self: Any, gen: Any, *args: Any, **keywords: Any) -> Any:
        if not _is_replayed(self):
            return await original(self, gen, *args, **keywords)
        await asyncio.sleep(0)
        try:
            return await original(self, gen, *args, **keywords)
        except Exception as error:
            if "canceling statement due to user request" in str(error):
                await asyncio.get_running_loop().create_future()
            raise

    return wait


_CURSOR = "psycopg._cursor_base:BaseCursor"
_CONNECTION = "psycopg._connection_base:BaseConnection"

LIBRARY = Library(
    name="psycopg",
    protocol="sql",
    module="psycopg",
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=(
        Patch(f"{_CONNECTION}._connect_gen", _connecting),
        Patch(f"{_CONNECTION}._exec_command", _commanding),
        Patch(f"{_CURSOR}._start_query", _starting),
        Patch(f"{_CURSOR}._execute_gen", leaving_form),
        Patch(f"{_CURSOR}._convert_query", _converting),
        Patch("psycopg.sql:Identifier.as_bytes", _writing),
        Patch("psycopg.sql:Literal.as_bytes", _writing),
        Patch(f"{_CURSOR}._maybe_prepare_gen", _running),
        Patch("psycopg.cursor:Cursor.executemany", _executing_many),
        Patch("psycopg.cursor_async:AsyncCursor.executemany", _executing_many_later),
        Patch("psycopg.connection:Connection.pipeline", _entering_pipeline),
        Patch("psycopg.connection_async:AsyncConnection.pipeline", _entering_pipeline),
        Patch(f"{_CURSOR}._start_copy_gen", _refusing("`copy`")),
        Patch(f"{_CURSOR}._stream_send_gen", _refusing("`stream`")),
        Patch(
            "psycopg._server_cursor_base:ServerCursorMixin._declare_gen",
            _refusing("a server-side cursor"),
        ),
        Patch("psycopg.connection_async:AsyncConnection.wait", _waiting),
    ),
)
