"""PyMySQL: its connections read what was recorded; results, cursors and rows are its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.pymysql import LIBRARY as CAPTURED
from timetracer_otel.interaction import decode_error
from timetracer_otel.libraries import Library
from timetracer_otel.mysql_calls import asked_by, executing, mysql_origin
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.replay.database_answers import Reading, raise_recorded_refusal
from timetracer_otel.replay.mysql_answers import (
    Answers,
    SilentSocket,
    answers_of,
    fill,
    is_lost,
    next_row,
    telling_thread_again,
)
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connect(self: Any, sock: Any = None) -> Any:
        if owned() or not serving("pymysql"):
            return original(self, sock)
        origin = mysql_origin("pymysql", self)
        raise_recorded_refusal(origin)
        answers = self._replayed_answers = Answers(origin)
        origin.scope = "bootstrap"
        try:
            returned = original(self, SilentSocket())
        finally:
            origin.scope = "trace"
        self.host_info = answers.facts.get("host_info", self.host_info)
        return returned

    return connect


def _greeting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def greet(self: Any, *args: Any) -> Any:
        answers = answers_of(self)
        return original(self, *args) if answers is None else answers.greet(self)

    return greet


def _not_authenticating(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def authenticate(self: Any) -> Any:
        if answers_of(self) is None:
            return original(self)
        for name in ("user", "db"):  # they are sent, and stay as they were sent (1.1)
            value = getattr(self, name)
            if isinstance(value, str):
                setattr(self, name, value.encode(self.encoding))
        return None

    return authenticate


def _not_writing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def write(self: Any, data: Any) -> Any:
        return original(self, data) if answers_of(self) is None else None

    return write


def _commanding(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _execute_command(self: Any, command: Any, sql: Any) -> Any:
        answers = answers_of(self)
        if answers is None:
            return original(self, command, sql)
        returned = original(self, command, sql)
        answers.commanded(asked_by(self, command, sql))
        return returned

    return _execute_command


def _answer(connection: Any, answers: Answers) -> Reading | None:
    found = answers.find()
    if found is not None and found.error is not None:
        error = decode_error(found.error)
        if is_lost(error):
            connection._force_close()
        raise error
    return answers.reading(found)


def _reading_packet(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whatever reads one packet here wants to know that all went well."""

    @wraps(original)
    def _read_packet(self: Any, *args: Any) -> Any:
        answers = answers_of(self)
        if answers is None:
            return original(self, *args)
        return answers.ok_packet(_answer(self, answers), self.encoding)

    return _read_packet


def _reading(*, streamed: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def read(self: Any) -> Any:
            connection = self.connection
            answers = answers_of(connection)
            if answers is None:
                return original(self)
            try:
                reading = _answer(connection, answers)
            except BaseException:
                self.connection = None
                raise
            if reading is None or reading.columns is None:
                self.connection = None
                self._read_ok_packet(answers.ok_packet(reading, connection.encoding))
            else:
                fill(self, reading, connection.encoding, streamed=streamed)
            return None

        return read

    return wrap


def _reading_row(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def read_row(self: Any) -> Any:
        if "_replayed_reading" not in vars(self):
            return original(self)
        return next_row(self) if self.unbuffered_active else None

    return read_row


def _finishing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def finish(self: Any) -> Any:
        if "_replayed_reading" not in vars(self):
            return original(self)
        while self.unbuffered_active:
            next_row(self)
        return None

    return finish


_CONNECTION = "pymysql.connections:Connection"
_RESULT = "pymysql.connections:MySQLResult"

LIBRARY = Library(
    name="pymysql",
    protocol="sql",
    module="pymysql",
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=(
        Patch(f"{_CONNECTION}.connect", _connecting),
        Patch(f"{_CONNECTION}._get_server_information", _greeting),
        Patch(f"{_CONNECTION}._request_authentication", _not_authenticating),
        Patch(f"{_CONNECTION}._write_bytes", _not_writing),
        Patch(f"{_CONNECTION}._execute_command", _commanding),
        Patch(f"{_CONNECTION}._read_packet", _reading_packet),
        Patch(f"{_CONNECTION}.thread_id", telling_thread_again),
        Patch("pymysql.cursors:Cursor.execute", executing),
        Patch(f"{_RESULT}.read", _reading(streamed=False)),
        Patch(f"{_RESULT}.init_unbuffered_query", _reading(streamed=True)),
        Patch(f"{_RESULT}._read_rowdata_packet_unbuffered", _reading_row),
        Patch(f"{_RESULT}._finish_unbuffered_query", _finishing),
    ),
)
