"""psycopg 3: connections and cursors of its own, whose statements the recording answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg import LIBRARY as CAPTURED
from timetracer_otel.capture.psycopg_results import (
    command_asked,
    form_left_at,
    leaving_form,
    psycopg_origin,
    statement_of,
)
from timetracer_otel.libraries import Library
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.replay.database_answers import (
    Reading,
    asked,
    raise_recorded_refusal,
    recorded_facts,
    told,
)
from timetracer_otel.replay.psycopg_generators import (
    GENERATORS,
    answered,
    follow,
    queue,
    say_besides,
)
from timetracer_otel.replay.psycopg_libpq import (
    IDLE,
    IN_ERROR,
    IN_TRANSACTION,
    Offline,
    RecordedResult,
    is_replayed,
    pgconn_class,
    results_of,
    transformer_class,
)
from timetracer_otel.replay.psycopg_pipelines import PIPELINES, queued_command, running_piped
from timetracer_otel.replay.psycopg_streams import STREAMS
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]

_Gen = Generator[Any, Any, Any]


def _connecting(original: Any) -> Any:
    function = original.__func__

    @wraps(function)
    def _connect_gen(cls: Any, conninfo: str = "", *args: Any, **keywords: Any) -> _Gen:
        if owned() or not serving("psycopg"):
            return (yield from function(cls, conninfo, *args, **keywords))
        from psycopg.conninfo import conninfo_to_dict

        origin = psycopg_origin(conninfo)
        raise_recorded_refusal(origin)
        kind = pgconn_class()
        pgconn = kind.__new__(kind)
        pgconn.__init__(origin, recorded_facts(origin), conninfo_to_dict(conninfo))
        connection = cls(pgconn)
        vars(connection)["_replayed_origin"] = origin
        return connection

    return classmethod(_connect_gen)


def _starting(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _start_query(self: Any, query: Any = None) -> _Gen:
        yield from original(self, query)
        if is_replayed(self._conn.pgconn) and not isinstance(self._tx, transformer_class()):
            self._tx = transformer_class()(self)

    return _start_query


def _converting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _convert_query(self: Any, query: Any, params: Any = None) -> Any:
        if not is_replayed(self._conn.pgconn):
            return original(self, query, params)
        from psycopg.adapt import Transformer

        converted = self._query_cls(Transformer(Offline(self._adapters)))
        converted.convert(query, params)
        return converted

    return _convert_query


def _writing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Names and literals, as with a connection in UTF-8."""

    @wraps(original)
    def as_bytes(self: Any, context: Any = None) -> Any:
        connection = getattr(context, "connection", None)
        if connection is not None and is_replayed(connection.pgconn):
            context = Offline(context.adapters)
        return original(self, context)

    return as_bytes


def _running(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _maybe_prepare_gen(self: Any, pgq: Any, **keywords: Any) -> _Gen:
        connection = self._conn
        if not is_replayed(connection.pgconn):
            return (yield from original(self, pgq, **keywords))
        if connection._pipeline:
            return (yield from running_piped(original, self, pgq, keywords))
        self._query = pgq
        try:
            statement, parameters = form_left_at(connection, pgq)
            recorded = asked(connection._replayed_origin, "execute", statement, parameters)
        except Exception as error:
            _failed(connection, error)
            raise
        reading = Reading(recorded)
        answered(connection, reading)
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
        if not is_replayed(self.pgconn):
            return (yield from original(self, command, *args, **keywords))
        self._check_connection_ok()
        text = statement_of(command)
        wanted = command_asked(command)
        if self._pipeline:
            self._pipeline.command_queue.append(self.pgconn.send_query)
            self._pipeline.result_queue.append(None)
            queue(self.pgconn, queued_command(self, text, wanted))
            return None
        follow(self.pgconn, text.encode())
        if wanted is None:
            return RecordedResult(command=text.partition(" ")[0])
        reading = Reading(asked(self._replayed_origin, *wanted))
        say_besides(self.pgconn, reading.extra)
        (result,) = results_of(reading)
        if result._replayed_error is not None:
            raise result._replayed_error
        return result

    return _exec_command


def _not_cancelling(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def cancel(self: Any, *args: Any, **keywords: Any) -> Any:
        return None if is_replayed(self.pgconn) else original(self, *args, **keywords)

    return cancel


def _cancelling_nothing(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _cancel_gen(self: Any) -> _Gen:
        if not is_replayed(self.pgconn):
            yield from original(self)

    return _cancel_gen


def _telling_process(original: Any) -> Any:
    def backend_pid(self: Any) -> Any:
        if not is_replayed(self.pgconn):
            return original.__get__(self)
        return told(asked(self.pgconn._replayed_origin, "backend_pid"))

    return property(backend_pid)


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
    say_besides(connection.pgconn, reading.extra)
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
        if not is_replayed(self._conn.pgconn) or self._conn._pipeline:
            return original(self, query, params_seq, returning=returning)
        return _many(self, query, params_seq, returning=returning)

    return executemany


def _executing_many_later(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def executemany(
        self: Any, query: Any, params_seq: Any, *, returning: bool = False
    ) -> Any:
        if not is_replayed(self._conn.pgconn) or self._conn._pipeline:
            return await original(self, query, params_seq, returning=returning)
        await asyncio.sleep(0)
        return _many(self, query, params_seq, returning=returning)

    return executemany


def _waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    """The network would have let other tasks run; what was cancelled waits to be so again."""

    @wraps(original)
    async def wait(self: Any, gen: Any, *args: Any, **keywords: Any) -> Any:
        if not is_replayed(self.pgconn):
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
        Patch(f"{_CONNECTION}.cancel", _not_cancelling),
        PatchIfPresent(f"{_CONNECTION}._cancel_gen", _cancelling_nothing),
        Patch("psycopg._connection_info:ConnectionInfo.backend_pid", _telling_process),
        Patch("psycopg.connection_async:AsyncConnection.wait", _waiting),
        *PIPELINES,
        *STREAMS,
        *GENERATORS,
    ),
)
