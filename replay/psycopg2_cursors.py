"""The class below every cursor of psycopg2 in a replay."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from timetracer_otel.capture.psycopg2_parts import Rows, text_of
from timetracer_otel.dbapi_calls import asked_with
from timetracer_otel.replay.database_answers import Reading, told

__all__ = ["cursor_class"]


@cache
def cursor_class() -> type[Any]:  # noqa: C901 - the methods of one class
    import psycopg2
    from psycopg2.extensions import Column, cursor

    class Cursor(Rows, cursor):  # type: ignore[misc]  # it ships no types
        _replayed_reading: Reading | None = None
        _replayed_closed = False
        _replayed_name: Any = None
        _replayed_fetched_from_server = False
        _replayed_scrollable: Any = None
        _replayed_withhold = False

        def __init__(self, connection: Any, name: Any = None, *_: Any, **__: Any) -> None:
            super().__init__(connection)  # with a name it would ask the connection to quote it
            self._replayed_name = name

        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name
            self._replayed_run("execute", query, vars)

        def executemany(self, query: Any, vars_list: Any) -> None:
            self._replayed_run("executemany", query, list(vars_list))

        def callproc(self, *args: Any) -> Any:
            procedure, parameters = asked_with(args, {})
            self._replayed_run("callproc", procedure, parameters)
            reading = self._replayed_reading
            return reading.extra.get("returned") if reading is not None else parameters

        def _replayed_run(self, operation: str, query: Any, parameters: Any) -> None:
            self._replayed_reading = None
            connection, text = self.connection, text_of(self, query)
            if connection._replayed_polling is not None:
                asking = (operation, text, parameters)
                connection._replayed_ask_later(asking, self._replayed_answered)
            else:
                self._replayed_answered(connection._replayed_ask(operation, text, parameters))

        def _replayed_answered(self, recorded: Any) -> None:
            self._replayed_fetched_from_server = False
            self._replayed_reading = Reading(recorded)

        def mogrify(self, *args: Any, **keywords: Any) -> Any:
            return self._replayed_told("mogrify", args, keywords)

        def cast(self, *args: Any) -> Any:
            return self._replayed_told("cast", args, {})

        @property
        def query(self) -> Any:
            return self._replayed_told(".query", (), {})

        def _replayed_told(self, operation: str, args: Any, keywords: Any) -> Any:
            statement, parameters = asked_with(args, keywords)
            connection = self.connection
            before = connection._replayed_transaction
            recorded = connection._replayed_ask(operation, text_of(self, statement), parameters)
            connection._replayed_transaction = before
            return told(recorded)

        def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
            self._replayed_copy("copy", text_of(self, sql), None, file)

        def copy_from(self, file: Any, table: Any, *args: Any, **keywords: Any) -> None:
            self._replayed_copy("copy_from", table, [args, keywords], file)

        def copy_to(self, file: Any, table: Any, *args: Any, **keywords: Any) -> None:
            self._replayed_copy("copy_to", table, [args, keywords], file)

        def _replayed_copy(self, operation: str, sql: Any, options: Any, file: Any) -> None:
            self._replayed_run(operation, sql, options)
            reading: Any = self._replayed_reading
            data = reading.extra.get("data", b"")
            sending = operation == "copy_from" or (
                operation == "copy" and "STDIN" in str(sql).upper()
            )
            if sending:
                while file.read(8192):
                    pass
            elif data:
                text = isinstance(file, io.TextIOBase)
                file.write(data.decode() if text and isinstance(data, bytes) else data)

        def fetchone(self) -> Any:
            rows = self._replayed_take(1)
            return rows[0] if rows else None

        def fetchmany(self, size: Any = None) -> Any:
            return self._replayed_take(self.arraysize if size is None else size)

        def fetchall(self) -> Any:
            return self._replayed_take(None)

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            row = Cursor.fetchone(self)
            if row is None:
                raise StopIteration
            return row

        def _replayed_take(self, size: int | None) -> list[Any]:
            self._replayed_must_be_open()
            reading = self._replayed_reading
            if reading is None or reading.columns is None:
                raise psycopg2.ProgrammingError("no results to fetch")
            self._replayed_fetched_from_server = True
            rows = reading.take(size)
            # a replay is recorded itself as a rule, and what records builds the rows
            return rows if self._timetracer_records else self._timetracer_built(rows)

        def _replayed_must_be_open(self) -> None:
            if self.closed:
                raise psycopg2.InterfaceError("cursor already closed")

        def scroll(self, *_: Any, **__: Any) -> None:
            """What was fetched afterwards is what comes next."""

        def nextset(self) -> Any:
            raise psycopg2.NotSupportedError("not supported by PostgreSQL")

        def setinputsizes(self, *_: Any) -> None: ...

        def setoutputsize(self, *_: Any) -> None: ...

        def close(self) -> None:
            self._replayed_closed = True

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

        @property
        def description(self) -> Any:
            reading = self._replayed_reading
            if reading is None or reading.columns is None:
                return None
            if self._replayed_name is not None and not self._replayed_fetched_from_server:
                return None
            return tuple(Column(*column) for column in reading.columns)

        @property
        def rownumber(self) -> int:
            return self._replayed_reading.next if self._replayed_reading is not None else 0

        @property
        def closed(self) -> bool:
            return self._replayed_closed or bool(self.connection.closed)

        name = property(lambda self: self._replayed_name)
        scrollable = property(lambda self: self._replayed_scrollable)
        rowcount = _of_reading("rowcount", -1, late="rowcount when read")
        lastrowid = _of_reading("lastrowid", 0)
        pgresult_ptr = property(lambda _: None)

        @property
        def statusmessage(self) -> Any:
            reading = self._replayed_reading
            return reading.extra.get("statusmessage") if reading is not None else None

        @property
        def withhold(self) -> bool:
            return self._replayed_withhold

        @withhold.setter
        def withhold(self, value: Any) -> None:
            self._replayed_withhold = bool(value)

    return Cursor


def _of_reading(name: str, default: Any, late: str = "") -> property:
    def value(self: Any) -> Any:
        reading = self._replayed_reading
        if reading is None:
            return default
        if late and late in reading.extra and reading.next >= len(reading.rows):
            return reading.extra[late]
        return getattr(reading, name)

    return property(value)
