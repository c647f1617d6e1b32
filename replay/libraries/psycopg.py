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
    found_for,
    raise_recorded_refusal,
    recorded_facts,
    told,
)
from timetracer_otel.replay.psycopg_generators import (
    GENERATORS,
    CopyOf,
    Waiting,
    follow,
    queue,
    say_besides,
)
from timetracer_otel.replay.psycopg_libpq import (
    COPY_IN,
    IDLE,
    IN_ERROR,
    IN_TRANSACTION,
    RecordedResult,
    copy_result,
    is_replayed,
    pgconn_class,
    results_of,
    streamed_results,
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
            return (yield from _running_piped(original, self, pgq, keywords))
        self._query = pgq
        try:
            statement, parameters = form_left_at(connection, pgq)
            recorded = asked(connection._replayed_origin, "execute", statement, parameters)
        except Exception as error:
            _failed(connection, error)
            raise
        reading = Reading(recorded)
        _answered(connection, reading)
        self._set_results(results_of(reading))
        return None

    return _maybe_prepare_gen


def _answered(connection: Any, reading: Reading) -> None:
    """The state that the answer left the connection in, and what came with it."""
    usual = IDLE if connection._autocommit else IN_TRANSACTION
    if reading.has_failed and connection.pgconn._replayed_status != IDLE:
        usual = IN_ERROR
    connection.pgconn._replayed_in(reading.extra.get("transaction", usual))
    say_besides(connection.pgconn, reading.extra)


def _running_piped(original: Callable[..., _Gen], cursor: Any, pgq: Any, keywords: Any) -> _Gen:
    """In a pipeline: the answer waits for its turn, and so does that to its preparation."""
    connection = cursor._conn
    statement, parameters = form_left_at(connection, pgq)
    reading = Reading(asked(connection._replayed_origin, "execute", statement, parameters))
    before = len(connection._pipeline.result_queue)
    yield from original(cursor, pgq, **keywords)
    results, moment = results_of(reading), reading.extra.get("moment", 0)
    if len(connection._pipeline.result_queue) - before > 1:
        failed = results if reading.extra.get("stage") == "prepare" else []
        queue(connection.pgconn, Waiting(failed, moment if failed else 0, b"PREPARE"))
    queue(connection.pgconn, Waiting(results, moment, reading=reading))


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
        text = statement_of(command)
        wanted = command_asked(command)
        if self._pipeline:
            self._pipeline.command_queue.append(self.pgconn.send_query)
            self._pipeline.result_queue.append(None)
            queue(self.pgconn, _queued_command(self, text, wanted))
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


def _queued_command(connection: Any, text: str, wanted: tuple[str, str, None] | None) -> Waiting:
    if wanted is None:
        return Waiting(text=text.encode())
    reading = Reading(asked(connection._replayed_origin, *wanted))
    failed = [result for result in results_of(reading) if result._replayed_error is not None]
    return Waiting(failed, reading.extra.get("moment", 0), text.encode())


def _synchronising(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def _enqueue_sync(self: Any) -> None:
        original(self)
        if _is_replayed(self._conn):
            queue(self.pgconn, Waiting())

    return _enqueue_sync


def _passing_time(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def generate(self: Any, *args: Any, **keywords: Any) -> _Gen:
        if _is_replayed(self._conn):
            self.pgconn._replayed_moment += 1
        return (yield from original(self, *args, **keywords))

    return generate


def _forgetting(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """A prepared statement that the server need not keep: there is no server."""

    @wraps(original)
    def _deallocate(self: Any, name: Any) -> _Gen:
        if not _is_replayed(self):
            yield from original(self, name)

    return _deallocate


def _streaming(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _stream_send_gen(self: Any, query: Any, params: Any = None, **keywords: Any) -> _Gen:
        connection = self._conn
        if not _is_replayed(connection):
            return (yield from original(self, query, params, **keywords))
        yield from original(self, query, params, **keywords)
        asking = (connection._replayed_origin, "stream", statement_of(query), params)
        reading = Reading(found_for(*asking))
        pgconn = connection.pgconn
        pgconn._replayed_stream.extend(streamed_results(reading, keywords.get("size", 1)))
        pgconn._replayed_ending = lambda: _answered(connection, reading)
        return None

    return _stream_send_gen


def _copying(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _start_copy_gen(self: Any, statement: Any, params: Any = None) -> _Gen:
        connection = self._conn
        if not _is_replayed(connection):
            return (yield from original(self, statement, params))
        text = statement_of(statement)
        asking = (connection._replayed_origin, "copy", text, params)
        if not (connection._pipeline or self.closed):
            reading = Reading(found_for(*asking))
            pgconn = connection.pgconn
            refused = reading.breaks_off and reading.extra.get("status") is None
            results = results_of(reading) if refused else [copy_result(reading)]
            _answered(connection, reading)
            pgconn._replayed_next.append(results)
        yield from original(self, _merged(self, statement, params) if params else statement)
        connection.pgconn._replayed_copy = CopyOf(
            connection._replayed_origin,
            text,
            not results[0].binary_tuples,
            reading,
            list(reading.extra.get("data", ())),
        )
        if results[0].status == COPY_IN:  # what dumps in C looks into the connection
            self._tx = transformer_class()(_Offline(self._adapters))
        return None

    return _start_copy_gen


def _merged(cursor: Any, statement: Any, params: Any) -> Any:
    from psycopg._queries import PostgresClientQuery
    from psycopg.adapt import Transformer

    merged: Any = PostgresClientQuery(Transformer(_Offline(cursor._adapters)))
    merged.convert(statement, params)
    return merged.query


def _parsing(in_python: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """C counts the columns of libpq's own result: Python counts those that there are."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def parse_row(data: Any, tx: Any) -> Any:
            if not isinstance(tx, transformer_class()):
                return original(data, tx)
            from psycopg import _copy_base

            return getattr(_copy_base, in_python)(data, tx)

        return parse_row

    return wrap


def _declaring(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _declare_gen(self: Any, query: Any, params: Any = None, *args: Any, **named: Any) -> _Gen:
        if _is_replayed(self._conn):
            statement = statement_of(query)
            _expect(self._conn, "declare", statement, params, command="DECLARE CURSOR")
        return (yield from original(self, query, params, *args, **named))

    return _declare_gen


def _describing(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _describe_gen(self: Any) -> _Gen:
        if _is_replayed(self._conn):
            _expect(self._conn, "describe", self._name, None)
        return (yield from original(self))

    return _describe_gen


def _expect(connection: Any, *asking: Any, command: str = "") -> None:
    """What psycopg asks next by itself is answered with this."""
    reading = Reading(found_for(connection._replayed_origin, *asking))
    results = results_of(reading)
    if command and results[0]._replayed_error is None:
        results = [RecordedResult(command=command)]
    _answered(connection, reading)
    connection.pgconn._replayed_next.append(results)


def _not_cancelling(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def cancel(self: Any, *args: Any, **keywords: Any) -> Any:
        return None if _is_replayed(self) else original(self, *args, **keywords)

    return cancel


def _cancelling_nothing(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _cancel_gen(self: Any) -> _Gen:
        if not _is_replayed(self):
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
_PIPELINE = "psycopg._pipeline_base:BasePipeline"
_SERVER_CURSOR = "psycopg._server_cursor_base:ServerCursorMixin"

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
        Patch(f"{_PIPELINE}._enqueue_sync", _synchronising),
        Patch(f"{_PIPELINE}._communicate_gen", _passing_time),
        Patch(f"{_PIPELINE}._fetch_gen", _passing_time),
        Patch(f"{_CONNECTION}._deallocate", _forgetting),
        Patch(f"{_CONNECTION}.cancel", _not_cancelling),
        PatchIfPresent(f"{_CONNECTION}._cancel_gen", _cancelling_nothing),
        Patch(f"{_CURSOR}._start_copy_gen", _copying),
        Patch(f"{_CURSOR}._stream_send_gen", _streaming),
        Patch(f"{_SERVER_CURSOR}._declare_gen", _declaring),
        Patch(f"{_SERVER_CURSOR}._describe_gen", _describing),
        Patch("psycopg._connection_info:ConnectionInfo.backend_pid", _telling_process),
        Patch("psycopg.connection_async:AsyncConnection.wait", _waiting),
        Patch("psycopg._copy_base:parse_row_text", _parsing("_parse_row_text")),
        Patch("psycopg._copy_base:parse_row_binary", _parsing("_parse_row_binary")),
        *GENERATORS,
    ),
)
