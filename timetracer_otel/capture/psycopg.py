"""psycopg 3 used directly, sync and async: seen at the generators that both have in common."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial, wraps
from typing import Any

from timetracer_otel.capture.psycopg_results import (
    form_left_at,
    leaving_form,
    note_many,
    note_results,
    origin_of,
    psycopg_facts,
    psycopg_origin,
    statement_of,
)
from timetracer_otel.dbapi_calls import Call, Origin, place_of_connecting
from timetracer_otel.dbapi_classes import Passing, noted_call
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.recording.flow import CURRENT_FLOW, step_aside

__all__ = ["LIBRARY"]

_Gen = Generator[Any, Any, Any]


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
                with origin.setting_up():
                    call = origin.begin("connect")
                if call is not None:
                    call.answer.extra["facts"] = psycopg_facts(connection)
                    call.finish()
        return connection

    return classmethod(_connect_gen)


def _running(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """One statement, sent and answered."""

    @wraps(original)
    def _maybe_prepare_gen(self: Any, pgq: Any, **keywords: Any) -> _Gen:
        connection = self._conn
        call: Call | None = None
        with guarded("psycopg statement"):
            origin = origin_of(connection)
            if origin is not None and not connection._pipeline:
                call = origin.begin("execute", *form_left_at(connection, pgq))
        try:
            returned = yield from original(self, pgq, **keywords)
        except BaseException as error:
            with guarded("psycopg error"):
                if call is not None:
                    call.failed(error, "execute")
            raise
        with guarded("psycopg answer"):
            if call is not None:
                note_results(call, self, self._results)
        return returned

    return _maybe_prepare_gen


def _commanding(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """What psycopg says by itself: of that only commits, and what fails, say anything."""

    @wraps(original)
    def _exec_command(self: Any, command: Any, *args: Any, **keywords: Any) -> _Gen:
        origin = origin_of(self)
        commit = command == b"COMMIT"
        call: Call | None = None
        with guarded("psycopg command"):
            if origin is not None and commit and not (self._pipeline or self.closed):
                call = origin.begin("commit")
        try:
            returned = yield from original(self, command, *args, **keywords)
        except BaseException as error:
            with guarded("psycopg command"):
                if call is not None:
                    call.failed(error, "commit")
            raise
        with guarded("psycopg command"):
            if call is not None:
                call.finish()
        return returned

    return _exec_command


def _executing_many(original: Callable[..., Any]) -> Callable[..., Any]:
    """The whole of it is one call: psycopg makes a pipeline of it."""

    @wraps(original)
    def executemany(self: Any, query: Any, params_seq: Any, *, returning: bool = False) -> Any:
        passing = Passing(params_seq)
        call, origin = partial(original, self, query, passing.given, returning=returning), None
        with guarded("psycopg statement"):
            origin = None if self._conn._pipeline else origin_of(self._conn)
            query = statement_of(query)
        asked = ("executemany", query, passing)
        return noted_call(origin, asked, call, lambda noted, _: note_many(noted, self))

    return executemany


def _executing_many_later(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def executemany(
        self: Any, query: Any, params_seq: Any, *, returning: bool = False
    ) -> Any:
        passing = Passing(params_seq)
        call: Call | None = None
        with guarded("psycopg statement"):
            origin = None if self._conn._pipeline else origin_of(self._conn)
            if origin is not None:
                statement = statement_of(query)
                call = origin.begin("executemany", statement, passing.so_far)
        try:
            returned = await original(self, query, passing.given, returning=returning)
        except BaseException as error:
            with guarded("psycopg error"):
                if call is not None:
                    call.sent(passing.so_far)
                    call.failed(error, "executemany")
            raise
        with guarded("psycopg answer"):
            if call is not None:
                call.sent(passing.so_far)
                note_many(call, self)
        return returned

    return executemany


def _waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Psycopg 3.2 waits in tasks of its own, up to Python 3.11; a replay waits for nothing."""

    @wraps(original)
    async def wait_for(*args: Any, **keywords: Any) -> Any:
        token = step_aside()
        try:
            return await original(*args, **keywords)
        finally:
            CURRENT_FLOW.reset(token)

    return wait_for


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
        PatchIfPresent("psycopg.waiting:wait_for", _waiting),
    ),
    instrumentor=Instrumentor(
        entry_point="psycopg",
        class_name="PsycopgInstrumentor",
        distribution="opentelemetry-instrumentation-psycopg",
    ),
)
