"""The classes between sqlite3's own in C and what derives from those, while recording."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from timetracer_otel.capture.sqlite3_converters import has_converters, with_sources
from timetracer_otel.dbapi_calls import Call, Origin
from timetracer_otel.dbapi_classes import Passing, noted_call, noted_question, under
from timetracer_otel.recording import guarded

__all__ = ["connection_class", "sqlite_origin"]


_IN_FETCH = guarded("sqlite3 fetch")


def sqlite_origin(database: Any) -> Origin:
    """Where the calls of a connection to `database`, a path or a URI, come from."""
    try:
        server = os.fsdecode(database)
    except TypeError:  # what it is given is wrong, and it will say so
        server = ""
    origin = Origin(library="sqlite3", system="sqlite", driver="sqlite3", server=server)
    origin.spanned = True
    return origin


@cache
def cursor_class() -> type[Any]:  # noqa: C901 - the methods of one class
    """The class below every cursor that is recorded.

    Where the application has a row factory or converters of its own, the row factory in C is
    ours, so that the values pass here before theirs make a row of them. Else rows are the tuples
    that are fetched, and are noted as many at once as are.
    """
    import sqlite3

    def note_one(call: Call, cursor: Any, row: Any) -> None:
        if not call.keeps_at_once(row):
            with _IN_FETCH:
                call.fetched_one(cursor, with_sources(row))

    def note(cursor: Any, row: Any) -> Any:
        call = cursor._timetracer_call
        if call is not None:
            note_one(call, cursor, row)
        factory = cursor._timetracer_factory
        return row if factory is None else factory(cursor, row)

    class Cursor(sqlite3.Cursor):
        _timetracer_call: Call | None = None
        _timetracer_factory: Any = None
        _timetracer_plain = True

        @property
        def row_factory(self) -> Any:
            return self._timetracer_factory

        @row_factory.setter
        def row_factory(self, factory: Any) -> None:
            self._timetracer_factory = factory
            self._timetracer_plain = factory is None and not has_converters()
            below: Any = super(Cursor, type(self))
            below.row_factory.__set__(self, None if self._timetracer_plain else note)

        def _timetracer_made(self) -> None:
            """The connection has given it a factory in C, past our property; or none."""
            given = super().row_factory
            if given is not None and given is not note:
                self.row_factory = given

        # The traceback of an error keeps these frames, and they would keep the cursor, whose
        # statement keeps the database locked: so an error leaves them without it.
        def execute(self, sql: Any, *args: Any) -> Any:
            call = partial(super().execute, sql, *args)
            try:
                return self._timetracer_run(("execute", sql, args[0] if args else None), call)
            except BaseException:
                del self, call
                raise

        def executemany(self, sql: Any, parameters: Any, /) -> Any:
            passing = Passing(parameters)
            call = partial(super().executemany, sql, passing.given)
            try:
                return self._timetracer_run(("executemany", sql, passing), call)
            except BaseException:
                del self, call
                raise

        def executescript(self, sql: Any, /) -> Any:
            call = partial(super().executescript, sql)
            try:
                return self._timetracer_run(("executescript", sql, None), call)
            except BaseException:
                del self, call
                raise

        def _timetracer_run(
            self, asked: tuple[str, object, object], call: Callable[[], Any]
        ) -> Any:
            self._timetracer_end()
            if self._timetracer_plain and has_converters():
                self.row_factory = None
            origin = getattr(self.connection, "_timetracer_origin", None)
            try:
                return noted_call(origin, asked, call, self._timetracer_executed)
            except BaseException:
                del self, call
                raise

        def _timetracer_executed(self, noted: Call, _returned: Any) -> None:
            connection: Any = self.connection
            connection._timetracer_state(noted)
            noted.executed(self, None)
            self._timetracer_call = noted

        def fetchone(self) -> Any:
            return self._timetracer_one(super().fetchone)

        def fetchmany(self, *args: Any, **keywords: Any) -> Any:
            return self._timetracer_all(lambda: super(Cursor, self).fetchmany(*args, **keywords))

        def fetchall(self) -> Any:
            return self._timetracer_all(super().fetchall)

        def __next__(self) -> Any:
            return self._timetracer_one(super().__next__)

        def _timetracer_one(self, fetch: Callable[[], Any]) -> Any:
            row = self._timetracer_fetch(fetch)
            call = self._timetracer_call
            if call is not None and self._timetracer_plain and row is not None:
                note_one(call, self, row)
            return row

        def _timetracer_all(self, fetch: Callable[[], Any]) -> Any:
            rows = self._timetracer_fetch(fetch)
            call = self._timetracer_call
            if call is not None and self._timetracer_plain:
                with _IN_FETCH:
                    call.keep(rows)
            return rows

        def _timetracer_fetch(self, fetch: Callable[[], Any]) -> Any:
            try:
                found = fetch()
            except StopIteration:
                self._timetracer_read()
                raise
            except BaseException as error:
                call, self._timetracer_call = self._timetracer_call, None
                if call is not None:
                    with guarded("sqlite3 fetch"):
                        call.broke_off(error)
                raise
            self._timetracer_read()
            return found

        def _timetracer_read(self) -> None:
            """SQLite counts what it has changed while it returns it."""
            call = self._timetracer_call
            if call is not None and self.rowcount != call.answer.rowcount:
                call.answer.extra["rowcount when read"] = self.rowcount

        def close(self) -> None:
            self._timetracer_end()
            super().close()

        def _timetracer_end(self) -> None:
            call, self._timetracer_call = self._timetracer_call, None
            if call is not None:
                with guarded("sqlite3 end"):
                    call.finish()

        def __del__(self) -> None:
            self._timetracer_end()

    return Cursor


@cache
def connection_class() -> type[Any]:  # noqa: C901 - the methods of one class
    """The class below every connection that is recorded."""
    import sqlite3

    class Connection(sqlite3.Connection):
        _timetracer_origin: Origin | None = None
        _timetracer_changes = 0

        def __init__(self, database: Any, *args: Any, **keywords: Any) -> None:
            super().__init__(database, *args, **keywords)
            with guarded("sqlite3 connection"):
                self._timetracer_origin = sqlite_origin(database)

        def _timetracer_state(self, noted: Call) -> None:
            """What a replay cannot know: whether a transaction is open, what has been changed."""
            if self.in_transaction:
                noted.answer.extra["in_transaction"] = True
            if self.total_changes != self._timetracer_changes:
                self._timetracer_changes = self.total_changes
                noted.answer.extra["total_changes"] = self.total_changes

        def cursor(self, factory: Any = None) -> Any:
            kind = sqlite3.Cursor if factory is None else factory
            if not isinstance(kind, type) or not issubclass(kind, sqlite3.Cursor):
                return super().cursor(factory)
            made: Any = super().cursor(under(kind, cursor_class()))
            made._timetracer_made()
            return made

        # in C these go past any `cursor` and `commit` of a subclass
        def execute(self, *args: Any) -> Any:
            return Connection.cursor(self).execute(*args)

        def executemany(self, *args: Any) -> Any:
            return Connection.cursor(self).executemany(*args)

        def executescript(self, *args: Any) -> Any:
            return Connection.cursor(self).executescript(*args)

        def commit(self) -> None:
            self._timetracer_ask("commit", super().commit)

        def __exit__(self, *error: object) -> Any:
            leave: Any = super().__exit__
            if error[0] is not None:
                return leave(*error)
            return self._timetracer_ask("commit", lambda: leave(*error))

        def rollback(self) -> None:
            """Its success says nothing; a failure is noted."""
            try:
                super().rollback()
            except BaseException as error:
                with guarded("sqlite3 rollback"):
                    origin = self._timetracer_origin
                    call = origin.begin("rollback") if origin is not None else None
                    if call is not None:
                        call.failed(error, "rollback")
                raise

        def backup(self, target: Any, *args: Any, **keywords: Any) -> None:
            # the instrumentor's proxies around connections are no connections for C
            real = getattr(target, "__wrapped__", target)
            call = lambda: super(Connection, self).backup(real, *args, **keywords)  # noqa: E731
            self._timetracer_ask("backup", call)

        def serialize(self, *args: Any, **keywords: Any) -> Any:
            call = lambda: super(Connection, self).serialize(*args, **keywords)  # noqa: E731
            return self._timetracer_ask("serialize", call)

        def deserialize(self, *args: Any, **keywords: Any) -> Any:
            call = lambda: super(Connection, self).deserialize(*args, **keywords)  # noqa: E731
            return self._timetracer_ask("deserialize", call)

        def _timetracer_ask(self, operation: str, call: Callable[[], Any]) -> Any:
            asked = (operation, "", None)
            return noted_question(self._timetracer_origin, asked, call, self._timetracer_state)

    return Connection
