"""PyMySQL used directly: seen where its connections send commands and read results."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.mysql_calls import (
    Wire,
    asked_by,
    executing,
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
    def connect(self: Any, sock: Any = None) -> Any:
        wire: Wire | None = None
        with guarded("pymysql connect"):
            wire = wire_begun("pymysql", self)
        try:
            returned = original(self, sock)
        except BaseException as error:
            with guarded("pymysql connect"):
                if wire is not None:
                    wire.refused(error)
            raise
        with guarded("pymysql connect"):
            if wire is not None:
                wire.opened()
        return returned

    return connect


def _greeting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def greet(self: Any) -> Any:
        returned = original(self)
        note_greeting(self)
        return returned

    return greet


def _commanding(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _execute_command(self: Any, command: Any, sql: Any) -> Any:
        wire = wire_of(self)
        if wire is None or not self._sock:  # closed: nothing is asked of anybody
            return original(self, command, sql)
        asked = None
        with guarded("pymysql command"):
            asked = asked_by(self, command, sql)
        try:
            # what is left of the answer before is read first
            returned = original(self, command, sql)
        except BaseException as error:
            wire.could_not(asked, error)
            raise
        with guarded("pymysql command"):
            wire.commanded(asked)
        return returned

    return _execute_command


def _reading_ok(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _read_ok_packet(self: Any) -> Any:
        wire = wire_of(self)
        if wire is None or wire.pending is None:
            return original(self)
        call = wire.take()
        try:
            ok = original(self)
        except BaseException as error:
            note_failure(call, error)
            raise
        note_ok(call, self)
        return ok

    return _read_ok_packet


def _reading(note: Callable[..., None]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def read(self: Any) -> Any:
            wire = wire_of(self.connection)
            call = wire.take() if wire is not None else None
            try:
                returned = original(self)
            except BaseException as error:
                note_failure(call, error)
                raise
            note(call, self)
            return returned

        return read

    return wrap


def _reading_row(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def read_row(self: Any) -> Any:
        try:
            row = original(self)
        except BaseException as error:
            note_broken(self, error)
            raise
        note_rows(self, row)
        return row

    return read_row


def _finishing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def finish(self: Any) -> Any:
        returned = original(self)
        note_end(self)
        return returned

    return finish


register_database_errors()

_CONNECTION = "pymysql.connections:Connection"
_RESULT = "pymysql.connections:MySQLResult"

LIBRARY = Library(
    name="pymysql",
    protocol="sql",
    module="pymysql",
    distribution="pymysql",
    versions=">=1.1",
    changes=(
        Patch(f"{_CONNECTION}.connect", _connecting),
        Patch(f"{_CONNECTION}._get_server_information", _greeting),
        Patch(f"{_CONNECTION}._execute_command", _commanding),
        Patch(f"{_CONNECTION}._read_ok_packet", _reading_ok),
        Patch(f"{_RESULT}.read", _reading(note_result)),
        Patch(f"{_RESULT}.init_unbuffered_query", _reading(note_started)),
        Patch(f"{_RESULT}._read_rowdata_packet_unbuffered", _reading_row),
        Patch(f"{_RESULT}._finish_unbuffered_query", _finishing),
        Patch(f"{_CONNECTION}.thread_id", telling_thread),
        Patch("pymysql.cursors:Cursor.execute", executing),
    ),
    instrumentor=Instrumentor(
        entry_point="pymysql",
        class_name="PyMySQLInstrumentor",
        distribution="opentelemetry-instrumentation-pymysql",
    ),
)
