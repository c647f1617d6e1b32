"""psycopg 3 used directly, sync and async: seen at the generators that both have in common."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial, wraps
from typing import Any

from timetracer_otel.capture.psycopg_heard import HEARD
from timetracer_otel.capture.psycopg_pipeline import (
    PIPELINE,
    as_one_call,
    note_queued,
    running_piped,
)
from timetracer_otel.capture.psycopg_results import (
    command_asked,
    form_left_at,
    know,
    leaving_form,
    note_many,
    note_results,
    origin_of,
    psycopg_facts,
    psycopg_origin,
    statement_of,
)
from timetracer_otel.capture.psycopg_streams import STREAMS
from timetracer_otel.dbapi_calls import Apart, Call, Origin, place_of_connecting
from timetracer_otel.dbapi_classes import Passing, noted_call
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded

__all__ = ["LIBRARY"]

_Gen = Generator[Any, Any, Any]

_IN_STATEMENT, _IN_ANSWER = guarded("psycopg statement"), guarded("psycopg answer")


def _connecting(original: Any) -> Any:
    """One attempt to connect: a class method that is a generator."""
    function = original.__func__

    @wraps(function)
    def _connect_gen(cls: Any, conninfo: str = "", *args: Any, **keywords: Any) -> _Gen:
        origin: Origin | None = None
        with guarded("psycopg connect"):
            if active_recorder() is not None and not owned():
                origin = psycopg_origin(conninfo)
        try:
            connection = yield from function(cls, conninfo, *args, **keywords)
        except BaseException as error:
            with guarded("psycopg connect"):
                call = origin.begin("connect", "", place_of_connecting()) if origin else None
                if call is not None:
                    call.failed(error, "connect")
            raise
        with guarded("psycopg connect"):
            if origin is not None:
                vars(connection)["_timetracer_origin"] = origin
                know(connection)
                with origin.setting_up():
                    call = origin.begin("connect")
                if call is not None:
                    call.answer.extra["facts"] = psycopg_facts(connection, conninfo)
                    call.finish()
        return connection

    return classmethod(_connect_gen)


def _running(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """One statement, sent and answered."""

    @wraps(original)
    def _maybe_prepare_gen(self: Any, pgq: Any, **keywords: Any) -> _Gen:
        connection = self._conn
        if connection._pipeline:
            return (yield from running_piped(original, self, pgq, keywords))
        call: Call | None = None
        try:
            origin = origin_of(connection)
            if origin is not None:
                call = origin.begin("execute", *form_left_at(connection, pgq))
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _IN_STATEMENT:
                raise
        try:
            returned = yield from original(self, pgq, **keywords)
        except BaseException as error:
            with guarded("psycopg error"):
                if call is not None:
                    call.failed(error, "execute")
            raise
        if call is not None:
            try:
                note_results(call, connection, self._results)
            except Exception:
                with _IN_ANSWER:
                    raise
        return returned

    return _maybe_prepare_gen


def _commanding(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """What psycopg says by itself; of much of it success says nothing."""

    @wraps(original)
    def _exec_command(self: Any, command: Any, *args: Any, **keywords: Any) -> _Gen:
        call: Call | None = None
        with guarded("psycopg command"):
            asked = command_asked(command)
            origin = origin_of(self)
            if asked is not None and origin is not None and not self.closed:
                call = origin.begin(*asked)
        try:
            returned = yield from original(self, command, *args, **keywords)
        except BaseException as error:
            with guarded("psycopg command"):
                if call is not None:
                    call.failed(error, "command")
            raise
        with guarded("psycopg command"):
            if call is not None and self._pipeline:
                note_queued(self._pipeline, call)
            elif call is not None and asked == ("commit", "", None):
                call.finish()
            elif call is not None:
                note_results(call, self, [returned])
        return returned

    return _exec_command


def _executing_many(original: Callable[..., Any]) -> Callable[..., Any]:
    """The whole of it is one call: psycopg makes a pipeline of it."""

    @wraps(original)
    def executemany(self: Any, query: Any, params_seq: Any, *, returning: bool = False) -> Any:
        if self._conn._pipeline:
            return original(self, query, params_seq, returning=returning)
        passing = Passing(params_seq)
        call, origin = partial(original, self, query, passing.given, returning=returning), None
        with _IN_STATEMENT:
            origin = origin_of(self._conn)
            query = statement_of(query)
        asked = ("executemany", query, passing)
        with as_one_call(self._conn):
            return noted_call(origin, asked, call, lambda noted, _: note_many(noted, self))

    return executemany


def _executing_many_later(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def executemany(
        self: Any, query: Any, params_seq: Any, *, returning: bool = False
    ) -> Any:
        if self._conn._pipeline:
            return await original(self, query, params_seq, returning=returning)
        passing = Passing(params_seq)
        call: Call | None = None
        with _IN_STATEMENT:
            origin = origin_of(self._conn)
            if origin is not None:
                statement = statement_of(query)
                call = origin.begin("executemany", statement, passing.so_far)
        try:
            with as_one_call(self._conn):
                returned = await original(self, query, passing.given, returning=returning)
        except BaseException as error:
            with guarded("psycopg error"):
                if call is not None:
                    call.sent(passing.so_far)
                    call.failed(error, "executemany")
            raise
        with _IN_ANSWER:
            if call is not None:
                call.sent(passing.so_far)
                note_many(call, self)
        return returned

    return executemany


def _waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    """3.2 waits in tasks of its own."""

    @wraps(original)
    async def wait(self: Any, *args: Any, **keywords: Any) -> Any:
        with Apart():
            return await original(self, *args, **keywords)

    return wait


def _connecting_later(original: Any) -> Any:
    function = original.__func__

    @wraps(function)
    async def connect(cls: Any, *args: Any, **keywords: Any) -> Any:
        with Apart():
            return await function(cls, *args, **keywords)

    return classmethod(connect)


register_database_errors()

_CURSOR = "psycopg._cursor_base:BaseCursor"
_CONNECTION = "psycopg._connection_base:BaseConnection"

LIBRARY = Library(
    name="psycopg",
    protocol="sql",
    module="psycopg",
    distribution="psycopg",
    versions=">=3.2",
    changes=(
        Patch(f"{_CONNECTION}._connect_gen", _connecting),
        Patch(f"{_CONNECTION}._exec_command", _commanding),
        Patch(f"{_CURSOR}._execute_gen", leaving_form),
        Patch(f"{_CURSOR}._maybe_prepare_gen", _running),
        Patch("psycopg.cursor:Cursor.executemany", _executing_many),
        Patch("psycopg.cursor_async:AsyncCursor.executemany", _executing_many_later),
        Patch("psycopg.connection_async:AsyncConnection.wait", _waiting),
        Patch("psycopg.connection_async:AsyncConnection.connect", _connecting_later),
        *STREAMS,
        *PIPELINE,
        *HEARD,
    ),
    instrumentor=Instrumentor(
        entry_point="psycopg",
        class_name="PsycopgInstrumentor",
        distribution="opentelemetry-instrumentation-psycopg",
    ),
)
