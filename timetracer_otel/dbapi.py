"""DB-API connections and cursors that note what is asked of them and what they answer.

Proxies, so that ``isinstance`` and every attribute of the driver's own objects hold. SQLAlchemy
puts them around what its pools open; a driver used directly may do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.protocols.sql import SqlRequestRef, SqlResponseRef
from timetracer_otel.recording import Draft, active_recorder, begin, guarded
from timetracer_otel.recording.draft import Scope
from timetracer_otel.values import snapshot, snapshot_rows

__all__ = ["Origin", "RecordingConnection", "RecordingCursor"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy

_TOLD = (int, str, bytes, tuple, list)

_CELL_BYTES = 64
"""What one cell of a row is taken to hold when memory is counted: exact sizes cost too much."""


class Origin:
    """Where a connection's calls come from: library, system and driver, and its phase.

    `scope` is ``bootstrap`` while the connection is being set up.
    """

    __slots__ = ("driver", "library", "scope", "system")

    def __init__(self, *, library: str, system: str, driver: str) -> None:
        self.library = library
        self.system = system
        self.driver = driver
        self.scope: Scope = "trace"

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """Calls within the block are connection-scoped traffic."""
        before, self.scope = self.scope, "bootstrap"
        try:
            yield
        finally:
            self.scope = before

    def begin(
        self, operation: str, statement: object = "", parameters: object = None
    ) -> _Call | None:
        """A call at the driver begins; None when nothing records here."""
        text = statement if type(statement) is str else _text(statement)
        ref = SqlRequestRef(operation, self.system, self.driver, text, snapshot(parameters))
        draft = begin("sql", self.library, ref, scope=self.scope)
        recorder = active_recorder()
        if draft is None or recorder is None:
            return None
        return _Call(draft, recorder.settings.max_rows)


def _text(statement: object) -> str:
    return statement.decode("utf-8", "replace") if isinstance(statement, bytes) else str(statement)


class _Call:
    """One call and what has been fetched of its answer so far."""

    __slots__ = ("_draft", "_held", "_kept", "_limit", "answer")

    def __init__(self, draft: Draft, max_rows: int) -> None:
        self._draft = draft
        self.answer = SqlResponseRef()
        self._limit = max_rows
        self._kept = 0
        # A request's own call is joined with what is fetched until its trace is complete. What
        # belongs to no request is written at any moment, so it stays open until it is read.
        self._held = draft.scope == "bootstrap" or draft.trace.fragment

    def executed(self, cursor: Any, returned: object) -> None:
        answer = self.answer
        answer.description = cursor.description
        answer.rowcount = cursor.rowcount
        answer.lastrowid = getattr(cursor, "lastrowid", None)
        if isinstance(returned, _TOLD):  # a driver's own cursor, or None, says nothing more
            answer.extra["returned"] = snapshot(returned)
        if not self._held or answer.description is None:
            self._draft.answered(answer)

    def fetched(self, cursor: Any, rows: list[Any]) -> None:
        answer = self.answer
        if answer.description is None:  # a server-side cursor learns its columns late
            answer.description = cursor.description
        answer.rowcount = cursor.rowcount
        count = len(rows)
        if not count or answer.truncated:
            return
        size = count * len(rows[0]) * _CELL_BYTES
        if self._kept + count > self._limit or not self._draft.trace.grant(size):
            answer.truncated = True
            self._draft.trace.note_cut(
                "rows", "more rows than `max_rows` or the memory limits allow"
            )
            return
        self._kept += count
        answer.rows.extend(snapshot_rows(rows))

    def failed(self, error: BaseException, stage: str) -> None:
        if stage == "fetch":
            self.answer.extra["fetched"] = len(self.answer.rows)
        self._draft.failed(error, stage)

    def finish(self) -> None:
        self._draft.answered(self.answer)

    def returned(self, value: object) -> None:
        self.answer.extra["returned"] = snapshot(value)
        self._draft.answered(self.answer)


class RecordingCursor(_Proxy):
    """A driver's cursor, and a note of its calls and rows."""

    def __init__(self, cursor: Any, origin: Origin) -> None:
        super().__init__(cursor)
        self._self_origin = origin
        self._self_call: _Call | None = None

    def execute(self, *args: Any, **keywords: Any) -> Any:
        return self._self_run("execute", self.__wrapped__.execute, args, keywords)

    def executemany(self, *args: Any, **keywords: Any) -> Any:
        return self._self_run("executemany", self.__wrapped__.executemany, args, keywords)

    def callproc(self, *args: Any, **keywords: Any) -> Any:
        return self._self_run("callproc", self.__wrapped__.callproc, args, keywords)

    def executescript(self, *args: Any, **keywords: Any) -> Any:
        return self._self_run("executescript", self.__wrapped__.executescript, args, keywords)

    def nextset(self) -> Any:
        return self._self_run("nextset", self.__wrapped__.nextset, (), {})

    def _self_run(
        self, operation: str, call: Callable[..., Any], args: tuple[Any, ...], keywords: Any
    ) -> Any:
        self._self_end()
        noted: _Call | None = None
        with guarded("dbapi execute"):
            noted = self._self_origin.begin(operation, *_asked(args, keywords))
        if noted is None:
            returned = call(*args, **keywords)
            return self if returned is self.__wrapped__ else returned
        try:
            returned = call(*args, **keywords)
        except BaseException as error:
            with guarded("dbapi error"):
                noted.failed(error, "execute")
            raise
        with guarded("dbapi executed"):
            noted.executed(self.__wrapped__, returned)
            self._self_call = noted
        return self if returned is self.__wrapped__ else returned

    def fetchone(self) -> Any:
        row = self._self_fetch(self.__wrapped__.fetchone)
        if self._self_call is not None:
            with guarded("dbapi fetch"):
                if row is None:
                    self._self_end()
                else:
                    self._self_call.fetched(self.__wrapped__, [row])
        return row

    def fetchmany(self, *args: Any, **keywords: Any) -> Any:
        rows = self._self_fetch(self.__wrapped__.fetchmany, *args, **keywords)
        if self._self_call is not None:
            with guarded("dbapi fetch"):
                self._self_call.fetched(self.__wrapped__, rows)
                if not rows:
                    self._self_end()
        return rows

    def fetchall(self) -> Any:
        rows = self._self_fetch(self.__wrapped__.fetchall)
        if self._self_call is not None:
            with guarded("dbapi fetch"):
                self._self_call.fetched(self.__wrapped__, rows)
                self._self_end()
        return rows

    def _self_fetch(self, fetch: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        try:
            return fetch(*args, **keywords)
        except BaseException as error:
            with guarded("dbapi fetch"):
                if self._self_call is not None:
                    self._self_call.failed(error, "fetch")
            raise

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def __next__(self) -> Any:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def close(self, *args: Any, **keywords: Any) -> Any:
        self._self_end()
        return self.__wrapped__.close(*args, **keywords)

    def _self_end(self) -> None:
        call, self._self_call = self._self_call, None
        if call is not None:
            with guarded("dbapi end"):
                call.finish()

    def __del__(self) -> None:
        self._self_end()

    def __enter__(self) -> Any:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        self._self_end()
        return self.__wrapped__.__exit__(*error)


def _asked(args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[object, object]:
    """Statement and parameters, whatever the driver calls them; iterators are not consumed."""
    statement = args[0] if args else next(iter(keywords.values()), "")
    parameters = args[1] if len(args) > 1 else None
    if parameters is None:
        named = ("parameters", "params", "vars", "args", "seq_of_parameters", "params_seq")
        parameters = next((keywords[name] for name in named if name in keywords), None)
    return statement, parameters


class RecordingConnection(_Proxy):
    """A driver's connection whose cursors are noted, and its commits."""

    def __init__(self, connection: Any, origin: Origin) -> None:
        super().__init__(connection)
        self._self_origin = origin

    def cursor(self, *args: Any, **keywords: Any) -> Any:
        return RecordingCursor(self.__wrapped__.cursor(*args, **keywords), self._self_origin)

    def execute(self, *args: Any, **keywords: Any) -> Any:
        """Several drivers have it: a cursor, executed."""
        return _through_cursor(self, "execute", args, keywords)

    def executemany(self, *args: Any, **keywords: Any) -> Any:
        """As `execute`."""
        return _through_cursor(self, "executemany", args, keywords)

    def commit(self) -> Any:
        return self._self_ask("commit", self.__wrapped__.commit)

    def get_server_info(self) -> Any:
        """MySQL's version, asked while a connection is set up."""
        return self._self_ask("get_server_info", self.__wrapped__.get_server_info)

    def character_set_name(self) -> Any:
        """MySQL's character set, asked while a connection is set up."""
        return self._self_ask("character_set_name", self.__wrapped__.character_set_name)

    def _self_ask(self, operation: str, call: Callable[[], Any]) -> Any:
        noted: _Call | None = None
        with guarded("dbapi connection"):
            noted = self._self_origin.begin(operation)
        try:
            value = call()
        except BaseException as error:
            with guarded("dbapi connection"):
                if noted is not None:
                    noted.failed(error, operation)
            raise
        with guarded("dbapi connection"):
            if noted is not None:
                noted.returned(value)
        return value

    def __enter__(self) -> Any:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        return self.__wrapped__.__exit__(*error)


def _through_cursor(
    connection: RecordingConnection, name: str, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    method = getattr(connection.__wrapped__, name)  # AttributeError where the driver has none
    cursor = RecordingCursor(None, connection._self_origin)

    def call(*args: Any, **keywords: Any) -> Any:
        cursor.__wrapped__ = method(*args, **keywords)
        return cursor.__wrapped__

    return cursor._self_run(name, call, args, keywords)
