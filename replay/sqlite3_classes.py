"""The classes between sqlite3's own in C and what derives from those, in a replay.

They belong to an empty database in memory. What it is asked instead of a recorded statement is a
query that gives as many rows under the same names, and each gets the recorded values as it
passes: `sqlite3.Row`, row factories, iteration and closed cursors are then sqlite3's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from timetracer_otel.capture.sqlite3_classes import sqlite_origin
from timetracer_otel.capture.sqlite3_converters import converter_of
from timetracer_otel.dbapi_classes import under
from timetracer_otel.errors import CannotReplay
from timetracer_otel.replay.database_answers import Reading, asked, told
from timetracer_otel.values import Converted

__all__ = ["connection_class"]

_NAMES = ("timeout", "detect_types", "isolation_level", "check_same_thread", "factory")
_NAMES_AFTER = ("cached_statements", "uri")
_NOT_IN_MEMORY = ("detect_types", "uri", "factory")
"""Values are converted already, and there is no file."""

_CHANGES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)

_WITHOUT_EFFECT = (
    "enable_load_extension",
    "load_extension",
    "set_authorizer",
    "set_progress_handler",
    "set_trace_callback",
)
"""What would see the statements that the database in memory is asked."""


def _stand_in(reading: Reading) -> str:
    """A query with the recorded columns and as many rows; one more where an error ended them."""
    if reading.columns is None:
        return ""
    names = (str(column[0]).replace('"', '""') for column in reading.columns)
    cells = ", ".join(f'NULL AS "{name}"' for name in names)
    count = len(reading.rows) + reading.breaks_off
    numbers = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t)"
    return f"{numbers} SELECT {cells} FROM t LIMIT {count}"  # noqa: S608 - nothing of it is data


def _converted(cell: Any) -> Any:
    """What the application's own converter makes of a cell that it read in the recording."""
    if type(cell) is not Converted:
        return cell
    convert = converter_of(cell.converter)
    if convert is None:
        reason = "the application has registered no such converter with sqlite3"
        raise CannotReplay(subject=f"a cell of the type {cell.converter}", reason=reason)
    return convert(cell.raw)


@cache
def cursor_class() -> type[Any]:  # noqa: C901 - the methods of one class
    """The class below every cursor of a replay."""
    import sqlite3

    in_c: Any = vars(sqlite3.Cursor)["row_factory"]

    def give(cursor: Any, _row: Any) -> Any:
        """In the place of the row in memory."""
        (row,) = cursor._replayed_reading.take(1)
        row = tuple(_converted(cell) for cell in row)
        factory = cursor._replayed_factory
        return row if factory is None else factory(cursor, row)

    class Cursor(sqlite3.Cursor):
        _replayed_reading: Reading | None = None
        _replayed_factory: Any = None

        def _replayed_made(self) -> None:
            if (given := in_c.__get__(self)) is not give:
                self._replayed_factory = given
                in_c.__set__(self, give)

        def execute(self, sql: Any, *args: Any) -> Any:
            return self._replayed_run("execute", sql, args[0] if args else None)

        def executemany(self, sql: Any, parameters: Any, /) -> Any:
            try:
                given = parameters if isinstance(parameters, list | tuple) else list(parameters)
            except Exception as error:
                connection: Any = self.connection
                connection._replayed_failed(sql, error)
                raise
            return self._replayed_run("executemany", sql, given)

        def executescript(self, sql: Any, /) -> Any:
            return self._replayed_run("executescript", sql, None)

        def _replayed_run(self, operation: str, sql: Any, parameters: Any) -> Any:
            connection: Any = self.connection
            try:
                reading = Reading(asked(connection._replayed_origin, operation, sql, parameters))
            except Exception as error:
                connection._replayed_failed(sql, error)
                raise
            self._replayed_reading = reading
            connection._replayed_tell(reading.extra)
            super().execute(_stand_in(reading))
            return self

        @property
        def row_factory(self) -> Any:
            return self._replayed_factory

        @row_factory.setter
        def row_factory(self, factory: Any) -> None:
            self._replayed_factory = factory
            in_c.__set__(self, give)

        @property
        def rowcount(self) -> int:
            reading = self._replayed_reading
            if reading is None:
                return -1
            late = reading.extra.get("rowcount when read")
            return late if late is not None and reading.is_read else reading.rowcount

        @property
        def lastrowid(self) -> Any:
            reading = self._replayed_reading
            return reading.lastrowid if reading is not None else None

    return Cursor


@cache
def connection_class() -> type[Any]:  # noqa: C901 - the methods of one class
    """The class below every connection of a replay."""
    import sqlite3

    class Connection(sqlite3.Connection):
        def __init__(self, database: Any, *args: Any, **keywords: Any) -> None:
            named = dict(zip((*_NAMES, *_NAMES_AFTER), args, strict=False)) | keywords
            kept = {k: v for k, v in named.items() if k not in _NOT_IN_MEMORY}
            super().__init__(":memory:", **kept)
            self._replayed_origin = sqlite_origin(database)
            self._replayed_inside = False
            self._replayed_changes = 0

        def _replayed_tell(self, extra: dict[str, Any]) -> None:
            self._replayed_inside = bool(extra.get("in_transaction"))
            self._replayed_changes = extra.get("total_changes", self._replayed_changes)

        def _replayed_failed(self, sql: Any, error: Exception) -> None:
            """What changes rows begins a transaction, once it is compiled."""
            begins = self.isolation_level is not None and _CHANGES.match(str(sql))
            if begins and getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:
                self._replayed_inside = True

        def cursor(self, factory: Any = None) -> Any:
            kind = sqlite3.Cursor if factory is None else factory
            if not isinstance(kind, type) or not issubclass(kind, sqlite3.Cursor):
                return super().cursor(kind)
            made: Any = super().cursor(under(kind, cursor_class()))
            made._replayed_made()
            return made

        def execute(self, *args: Any) -> Any:
            return Connection.cursor(self).execute(*args)

        def executemany(self, *args: Any) -> Any:
            return Connection.cursor(self).executemany(*args)

        def executescript(self, *args: Any) -> Any:
            return Connection.cursor(self).executescript(*args)

        def commit(self) -> None:
            self._replayed_ask("commit")

        def rollback(self) -> None:
            super().rollback()
            self._replayed_inside = False

        def __exit__(self, *error: object) -> Any:
            if error[0] is None:
                self._replayed_ask("commit")
            else:
                self._replayed_inside = False
            return False

        def backup(self, *_: Any, **__: Any) -> None:
            self._replayed_ask("backup")

        def serialize(self, *_: Any, **__: Any) -> Any:
            return self._replayed_ask("serialize")

        def deserialize(self, *_: Any, **__: Any) -> None:
            self._replayed_ask("deserialize")

        def blobopen(self, *_: Any, **__: Any) -> Any:
            reason = "what a blob gives while it is open was not recorded"
            raise CannotReplay(subject="`blobopen` of a connection", reason=reason)

        def _replayed_ask(self, operation: str) -> Any:
            recorded = asked(self._replayed_origin, operation)
            self._replayed_tell(recorded.response.extra if recorded.response else {})
            return told(recorded)

        @property
        def in_transaction(self) -> bool:
            self._replayed_must_be_open()
            return self._replayed_inside

        @property
        def total_changes(self) -> int:
            self._replayed_must_be_open()
            return self._replayed_changes

        def _replayed_must_be_open(self) -> None:
            super().total_changes  # noqa: B018 - it raises where the connection is closed

    for name in _WITHOUT_EFFECT:
        setattr(Connection, name, _nothing(name))
    return Connection


def _nothing(name: str) -> Callable[..., None]:
    def nothing(*_: Any, **__: Any) -> None:
        return None

    nothing.__name__ = name
    return nothing
