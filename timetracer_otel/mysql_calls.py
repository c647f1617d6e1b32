"""The calls of PyMySQL and of aiomysql, whose connections, results and cursors are alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from timetracer_otel.dbapi_calls import Call, Origin, place_of_connecting
from timetracer_otel.dbapi_classes import noted_question
from timetracer_otel.ownership import owned
from timetracer_otel.recording import active_recorder, guarded

__all__ = [
    "FACTS",
    "Wire",
    "asked_by",
    "executing",
    "executing_later",
    "facts_of",
    "mysql_origin",
    "note_broken",
    "note_end",
    "note_failure",
    "note_greeting",
    "note_ok",
    "note_result",
    "note_rows",
    "note_started",
    "statement_given",
    "telling_thread",
    "wire_begun",
    "wire_of",
]

FACTS = (
    "host_info",
    "protocol_version",
    "salt",
    "server_capabilities",
    "server_charset",
    "server_language",
    "server_status",
    "server_version",
)
"""What a server says in its greeting, by the attributes that hold it."""

_QUERY, _INIT_DB, _PROCESS_KILL = 3, 2, 12
_ASKED = {_INIT_DB: "select_db", _PROCESS_KILL: "kill"}

Asked = tuple[str, str, object]
"""Operation, statement, parameters."""


def mysql_origin(library: str, connection: Any) -> Origin:
    """Where the calls of a connection come from; no user, and no password."""
    database = connection.db
    if isinstance(database, bytes):
        database = database.decode("utf-8", "replace")
    where = connection.unix_socket or f"{connection.host}:{connection.port}"
    origin = Origin(
        library=library, system="mysql", driver=library, server=f"{where}/{database or ''}"
    )
    origin.spanned = True
    return origin


def wire_begun(library: str, connection: Any) -> Wire | None:
    """That of a connection which is about to be opened; None where it is not recorded."""
    vars(connection).pop("_timetracer_wire", None)
    if active_recorder() is None or owned():
        return None
    wire = connection._timetracer_wire = Wire(mysql_origin(library, connection))
    wire.origin.scope = "bootstrap"
    return wire


def note_greeting(connection: Any) -> None:
    """The server has said what it is."""
    with guarded("mysql greeting"):
        wire = wire_of(connection)
        if wire is not None:
            wire.greeted(connection)


def telling_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    """The number of the server's thread: another one for each connection."""

    @wraps(original)
    def thread_id(self: Any) -> Any:
        wire = wire_of(self)
        origin = wire.origin if wire is not None else None
        return noted_question(origin, ("thread_id", "", None), lambda: original(self))

    return thread_id


def asked_by(connection: Any, command: int, sql: Any) -> Asked | None:
    """What a command asks; None for those whose success says nothing.

    Statements come with their values in them: where a cursor has just been given both, they are
    told apart again.
    """
    if command != _QUERY:
        operation = _ASKED.get(command)
        return (operation, _text(sql), None) if operation else None
    text = _text(sql)
    if text == "COMMIT":
        return ("commit", "", None)
    if text == "ROLLBACK" or text.startswith("SET NAMES "):
        return None
    return ("execute", *statement_given(connection, text))


def _text(sql: Any) -> str:
    return sql.decode("utf-8", "replace") if isinstance(sql, bytes | bytearray) else str(sql)


def statement_given(connection: Any, sql: Any) -> tuple[str, object]:
    """Statement and parameters of `sql`, apart where a cursor has just been given them so."""
    form: tuple[str, object] | None = vars(connection).get("_timetracer_form")
    return form if form is not None else (_text(sql), None)


def executing(original: Callable[..., Any]) -> Callable[..., Any]:
    """`Cursor.execute` of PyMySQL and mysqlclient: what it was given is left at its connection.

    That is the statement without the values, and the values.
    """

    @wraps(original)
    def execute(self: Any, query: Any, args: Any = None) -> Any:
        connection = self.connection
        if connection is None or args is None or not isinstance(query, str):
            return original(self, query, args)
        vars(connection)["_timetracer_form"] = (query, args)
        try:
            return original(self, query, args)
        finally:
            vars(connection).pop("_timetracer_form", None)

    return execute


def executing_later(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same of aiomysql's."""

    @wraps(original)
    async def execute(self: Any, query: Any, args: Any = None) -> Any:
        connection = self._connection
        if connection is None or args is None or not isinstance(query, str):
            return await original(self, query, args)
        vars(connection)["_timetracer_form"] = (query, args)
        try:
            return await original(self, query, args)
        finally:
            vars(connection).pop("_timetracer_form", None)

    return execute


@dataclass(slots=True)
class Wire:
    """What goes over a recorded connection: the call that waits for its answer."""

    origin: Origin
    pending: Call | None = None
    quiet: bool = False

    def commanded(self, asked: Asked | None) -> None:
        """A command is about to be sent."""
        self.quiet = asked is None
        self.pending = self.origin.begin(*asked) if asked is not None else None

    def could_not(self, asked: Asked | None, error: BaseException) -> None:
        """The command could not be sent."""
        with guarded("mysql command"):
            self.commanded(asked)
            call, self.pending = self.pending, None
            note_failure(call, error)

    def take(self) -> Call | None:
        """The call that a result answers: the last command, or the wish for the next one."""
        call, self.pending = self.pending, None
        if call is None and not self.quiet:
            call = self.origin.begin("next_result")
        return call

    def refused(self, error: BaseException) -> None:
        """The connection could not be opened."""
        self.origin.scope = "trace"
        call = self.origin.begin("connect", "", place_of_connecting())
        if call is not None:
            call.failed(error, "connect")

    def greeted(self, connection: Any) -> None:
        """The server has said what it is."""
        origin = mysql_origin(self.origin.library, connection)
        origin.scope = "bootstrap"
        call = origin.begin("connect")
        if call is not None:
            call.answer.extra["facts"] = facts_of(connection)
            call.finish()

    def opened(self) -> None:
        """What the connection is asked from here on is the request's."""
        self.origin.scope = "trace"


def facts_of(connection: Any) -> dict[str, Any]:
    found = {name: getattr(connection, name, None) for name in FACTS}
    return {name: value for name, value in found.items() if value is not None and name != "salt"}


def wire_of(connection: Any) -> Wire | None:
    """That of a connection that is recorded, while something records."""
    if connection is None or active_recorder() is None:
        return None
    found: Wire | None = vars(connection).get("_timetracer_wire")
    return found


@dataclass(slots=True)
class _Shown:
    """A result as a cursor shows it."""

    description: Any
    rowcount: int
    lastrowid: Any


def note_failure(call: Call | None, error: BaseException) -> None:
    """The answer is an error."""
    with guarded("mysql answer"):
        if call is not None:
            call.failed(error, "execute")


def note_ok(call: Call | None, connection: Any) -> None:
    """The answer says that all went well, and no more."""
    with guarded("mysql answer"):
        if call is not None:
            call.answer.extra["server_status"] = connection.server_status
            call.finish()


def note_broken(result: Any, error: BaseException) -> None:
    """An answer that is read row by row has ended in an error."""
    call = vars(result).pop("_timetracer_call", None)
    with guarded("mysql row"):
        if call is not None:
            call.broke_off(error)


def note_started(call: Call | None, result: Any) -> None:
    """The answer has begun; its rows are read one by one."""
    if call is None:
        return
    with guarded("mysql result"):
        _note_extra(call, result)
        call.executed(_shown(result), None)
        result._timetracer_call = call


def note_result(call: Call | None, result: Any) -> None:
    """The whole answer is there."""
    if call is None:
        return
    with guarded("mysql result"):
        shown = _shown(result)
        _note_extra(call, result)
        call.executed(shown, None)
        if result.rows:
            call.fetched(shown, result.rows)
        call.finish()


def note_rows(result: Any, row: Any) -> None:
    """One more row of an answer that is read row by row, or none."""
    call = vars(result).get("_timetracer_call")
    if call is None:
        return
    with guarded("mysql row"):
        if row is not None:
            call.fetched(_shown(result), (row,))
        else:
            note_end(result)


def note_end(result: Any) -> None:
    """What is left of the answer is not wanted."""
    call = vars(result).pop("_timetracer_call", None)
    if call is not None:
        with guarded("mysql end"):
            _note_extra(call, result)
            call.finish()


def _shown(result: Any) -> _Shown:
    """An answer that is read row by row has a count that means nothing."""
    streamed = (
        result.unbuffered_active
        or result.affected_rows is None
        or "_timetracer_call" in (vars(result))
    )
    return _Shown(result.description, -1 if streamed else result.affected_rows, result.insert_id)


def _note_extra(call: Call, result: Any) -> None:
    extra = call.answer.extra
    if result.server_status is not None:
        extra["server_status"] = result.server_status
    for name in ("warning_count", "has_next", "message"):
        value = getattr(result, name)
        if value:
            extra[name] = value
    names = [field.name for field in vars(result).get("fields", ())]
    if len(set(names)) < len(names):  # dict cursors tell them apart by their tables
        extra["tables"] = [field.table_name for field in result.fields]
