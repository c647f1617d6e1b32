"""aiomysql used directly: seen where its connections send commands and read results."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.dbapi_calls import Apart
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.mysql_calls import (
    Wire,
    asked_by,
    executing_later,
    note_broken,
    note_end,
    note_failure,
    note_greeting,
    note_ok,
    note_result,
    note_rows,
    note_started,
    telling_thread,
    wire_begun,
    wire_of,
)
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _connect(self: Any) -> Any:
        wire: Wire | None = None
        with guarded("aiomysql connect"):
            wire = wire_begun("aiomysql", self)
        if wire is None:
            return await original(self)
        try:
            with Apart():
                returned = await original(self)
        except BaseException as error:
            with guarded("aiomysql connect"):
                wire.refused(error)
            raise
        with guarded("aiomysql connect"):
            wire.opened()
        return returned

    return _connect


def _greeting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def greet(self: Any) -> Any:
        returned = await original(self)
        note_greeting(self)
        return returned

    return greet


def _commanding(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _execute_command(self: Any, command: Any, sql: Any) -> Any:
        wire = wire_of(self)
        if wire is None or self._writer is None:  # closed: nothing is asked of anybody
            return await original(self, command, sql)
        asked = None
        with guarded("aiomysql command"):
            asked = asked_by(self, command, sql)
        try:
            # what is left of the answer before is read first
            returned = await original(self, command, sql)
        except BaseException as error:
            wire.could_not(asked, error)
            raise
        with guarded("aiomysql command"):
            wire.commanded(asked)
        return returned

    return _execute_command


def _reading_ok(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _read_ok_packet(self: Any) -> Any:
        wire = wire_of(self)
        if wire is None or wire.pending is None:
            return await original(self)
        call = wire.take()
        try:
            ok = await original(self)
        except BaseException as error:
            note_failure(call, error)
            raise
        note_ok(call, self)
        return ok

    return _read_ok_packet


def _reading(note: Callable[..., None]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        async def read(self: Any) -> Any:
            wire = wire_of(self.connection)
            call = wire.take() if wire is not None else None
            try:
                returned = await original(self)
            except BaseException as error:
                note_failure(call, error)
                raise
            note(call, self)
            return returned

        return read

    return wrap


def _reading_row(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def read_row(self: Any) -> Any:
        try:
            row = await original(self)
        except BaseException as error:
            note_broken(self, error)
            raise
        note_rows(self, row)
        return row

    return read_row


def _finishing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def finish(self: Any) -> Any:
        returned = await original(self)
        note_end(self)
        return returned

    return finish


register_database_errors()

_CONNECTION = "aiomysql.connection:Connection"
_RESULT = "aiomysql.connection:MySQLResult"

LIBRARY = Library(
    name="aiomysql",
    protocol="sql",
    module="aiomysql",
    distribution="aiomysql",
    versions=">=0.2",
    changes=(
        Patch(f"{_CONNECTION}._connect", _connecting),
        Patch(f"{_CONNECTION}._get_server_information", _greeting),
        Patch(f"{_CONNECTION}._execute_command", _commanding),
        Patch(f"{_CONNECTION}._read_ok_packet", _reading_ok),
        Patch(f"{_CONNECTION}.thread_id", telling_thread),
        Patch(f"{_RESULT}.read", _reading(note_result)),
        Patch(f"{_RESULT}.init_unbuffered_query", _reading(note_started)),
        Patch(f"{_RESULT}._read_rowdata_packet_unbuffered", _reading_row),
        Patch(f"{_RESULT}._finish_unbuffered_query", _finishing),
        Patch("aiomysql.cursors:Cursor.execute", executing_later),
    ),
    instrumentor=Instrumentor(
        entry_point="aiomysql",
        class_name="AiomysqlInstrumentor",
        distribution="timetracer-otel",
    ),
)
