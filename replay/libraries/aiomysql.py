"""aiomysql: its connections read what was recorded; results, cursors and rows are its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from timetracer_otel.capture.aiomysql import LIBRARY as CAPTURED
from timetracer_otel.dbapi_calls import Apart
from timetracer_otel.interaction import decode_error
from timetracer_otel.libraries import Library
from timetracer_otel.mysql_calls import asked_by, executing_later, mysql_origin
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.replay.database_answers import (
    Reading,
    raise_recorded_refusal,
)
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

_OPENING: ContextVar[bool] = ContextVar("timetracer_aiomysql_opening", default=False)


class _SilentTransport(SilentSocket):
    """The transport of a connection that leads nowhere, and its writer."""

    @property
    def transport(self) -> _SilentTransport:
        return self

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return SilentSocket() if name == "socket" else default

    async def drain(self) -> None:
        await asyncio.sleep(0)


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _connect(self: Any) -> Any:
        if owned() or not serving("aiomysql"):
            return await original(self)
        origin = mysql_origin("aiomysql", self)
        await asyncio.sleep(0)
        raise_recorded_refusal(origin)
        self._replayed_answers = Answers(origin)
        origin.scope = "bootstrap"
        token = _OPENING.set(True)
        try:
            with Apart():
                return await original(self)
        finally:
            _OPENING.reset(token)
            origin.scope = "trace"

    return _connect


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def open_connection(*args: Any, **keywords: Any) -> Any:
        if not _OPENING.get():
            return await original(*args, **keywords)
        from aiomysql.connection import _StreamReader

        return _StreamReader(loop=asyncio.get_running_loop()), _SilentTransport()

    return open_connection


def _greeting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def greet(self: Any) -> Any:
        answers = answers_of(self)
        return await original(self) if answers is None else answers.greet(self)

    return greet


def _not_authenticating(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def authenticate(self: Any) -> Any:
        return await original(self) if answers_of(self) is None else None

    return authenticate


def _commanding(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _execute_command(self: Any, command: Any, sql: Any) -> Any:
        answers = answers_of(self)
        returned = await original(self, command, sql)
        if answers is not None:
            answers.commanded(asked_by(self, command, sql))
        return returned

    return _execute_command


async def _answer(connection: Any, answers: Answers) -> Reading | None:
    """The network would have let other tasks run; what was cancelled waits to be so again."""
    await asyncio.sleep(0)
    found = answers.find()
    if found is None or found.error is None:
        return answers.reading(found)
    if found.error.type == "CancelledError":
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            connection._close_on_cancel()
            raise
    error = decode_error(found.error)
    if is_lost(error):
        connection.close()
    raise error


def _reading_packet(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whatever reads one packet here wants to know that all went well."""

    @wraps(original)
    async def _read_packet(self: Any, *args: Any) -> Any:
        answers = answers_of(self)
        if answers is None:
            return await original(self, *args)
        return answers.ok_packet(await _answer(self, answers), self.encoding)

    return _read_packet


def _reading(*, streamed: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        async def read(self: Any) -> Any:
            connection = self.connection
            answers = answers_of(connection)
            if answers is None:
                return await original(self)
            try:
                reading = await _answer(connection, answers)
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
    async def read_row(self: Any) -> Any:
        if "_replayed_reading" not in vars(self):
            return await original(self)
        return next_row(self) if self.unbuffered_active else None

    return read_row


def _finishing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def finish(self: Any) -> Any:
        if "_replayed_reading" not in vars(self):
            return await original(self)
        while self.unbuffered_active:
            next_row(self)
        return None

    return finish


_MODULE = "aiomysql.connection"
_CONNECTION = f"{_MODULE}:Connection"
_RESULT = f"{_MODULE}:MySQLResult"

LIBRARY = Library(
    name="aiomysql",
    protocol="sql",
    module="aiomysql",
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=(
        Patch(f"{_CONNECTION}._connect", _connecting),
        Patch(f"{_MODULE}:_open_connection", _opening),
        Patch(f"{_MODULE}:_open_unix_connection", _opening),
        Patch(f"{_CONNECTION}._get_server_information", _greeting),
        Patch(f"{_CONNECTION}._request_authentication", _not_authenticating),
        Patch(f"{_CONNECTION}._execute_command", _commanding),
        Patch(f"{_CONNECTION}._read_packet", _reading_packet),
        Patch(f"{_CONNECTION}.thread_id", telling_thread_again),
        Patch("aiomysql.cursors:Cursor.execute", executing_later),
        Patch(f"{_RESULT}.read", _reading(streamed=False)),
        Patch(f"{_RESULT}.init_unbuffered_query", _reading(streamed=True)),
        Patch(f"{_RESULT}._read_rowdata_packet_unbuffered", _reading_row),
        Patch(f"{_RESULT}._finish_unbuffered_query", _finishing),
    ),
)
