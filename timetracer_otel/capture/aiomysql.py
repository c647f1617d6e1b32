"""aiomysql used directly: seen where its connections send commands and read results."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.dbapi_calls import Apart, Call
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.mysql_calls import (
    Wire,
    asked_by,
    executing_later,
    mysql_origin,
    note_end,
    note_result,
    note_rows,
    note_started,
    wire_of,
)
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded

__all__ = ["LIBRARY"]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _connect(self: Any) -> Any:
        wire: Wire | None = None
        with guarded("aiomysql connect"):
            self.__dict__.pop("_timetracer_wire", None)
            if active_recorder() is not None and not owned():
                wire = self._timetracer_wire = Wire(mysql_origin("aiomysql", self))
                wire.origin.scope = "bootstrap"
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
        with guarded("aiomysql greeting"):
            wire = wire_of(self)
            if wire is not None:
                wire.greeted(self)
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
            with guarded("aiomysql command"):
                wire.commanded(asked)
                wire.failed(error)
            raise
        with guarded("aiomysql command"):
            wire.commanded(asked)
        return returned

    return _execute_command


def _failed(call: Call | None, error: BaseException) -> None:
    with guarded("aiomysql answer"):
        if call is not None:
            call.failed(error, "execute")


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
            _failed(call, error)
            raise
        with guarded("aiomysql answer"):
            if call is not None:
                call.answer.extra["server_status"] = self.server_status
                call.finish()
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
                _failed(call, error)
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
            call = vars(self).pop("_timetracer_call", None)
            with guarded("aiomysql row"):
                if call is not None:
                    call.broke_off(error)
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


def _telling_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    """The number of the server's thread: another one for each connection."""

    @wraps(original)
    def thread_id(self: Any) -> Any:
        wire = wire_of(self)
        value = original(self)
        with guarded("aiomysql thread"):
            call = wire.origin.begin("thread_id") if wire is not None else None
            if call is not None:
                call.returned(value)
        return value

    return thread_id


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
        Patch(f"{_CONNECTION}.thread_id", _telling_thread),
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
