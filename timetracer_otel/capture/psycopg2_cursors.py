"""The class below every cursor of psycopg2 that is recorded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from timetracer_otel.capture.psycopg2_parts import Rows, Tee, said_besides, text_of
from timetracer_otel.dbapi_calls import Call, asked_with
from timetracer_otel.dbapi_classes import Passing, noted_call, noted_question
from timetracer_otel.recording import guarded

__all__ = ["cursor_class"]


@cache
def cursor_class() -> type[Any]:  # noqa: C901 - the methods of one class
    from psycopg2.extensions import cursor

    class Cursor(Rows, cursor):  # type: ignore[misc]  # it ships no types
        _timetracer_call: Call | None = None
        _timetracer_fetching = False
        _timetracer_records = True

        def execute(self, query: Any, vars: Any = None) -> Any:  # noqa: A002 - psycopg2's name
            call = lambda: super(Cursor, self).execute(query, vars)  # noqa: E731
            return self._timetracer_run("execute", query, vars, call)

        def executemany(self, query: Any, vars_list: Any) -> Any:
            passing = Passing(vars_list)
            call = lambda: super(Cursor, self).executemany(query, passing.given)  # noqa: E731
            return self._timetracer_run("executemany", query, passing, call)

        def callproc(self, *args: Any) -> Any:
            call = lambda: super(Cursor, self).callproc(*args)  # noqa: E731
            return self._timetracer_run("callproc", *asked_with(args, {}), call)

        def _timetracer_run(
            self, operation: str, query: Any, parameters: Any, call: Callable[[], Any]
        ) -> Any:
            self._timetracer_end()
            with guarded("psycopg2 statement"):
                text = text_of(self, query)
                asked = (operation, text, parameters)
            origin = getattr(self.connection, "_timetracer_origin", None)
            return noted_call(origin, asked, call, self._timetracer_executed)

        def _timetracer_executed(self, noted: Call, returned: Any) -> None:
            polled = getattr(self.connection, "_timetracer_polled", None)
            if polled is not None and self.connection.isexecuting():
                polled.waits(noted, lambda call: self._timetracer_answered(call, returned))
            else:
                self._timetracer_answered(noted, returned)

        def _timetracer_answered(self, noted: Call, returned: Any) -> None:
            said_besides(noted, self.connection)
            if self.statusmessage is not None:
                noted.answer.extra["statusmessage"] = self.statusmessage
            noted.executed(self, returned)
            self._timetracer_call = noted

        def mogrify(self, *args: Any, **keywords: Any) -> Any:
            call = lambda: super(Cursor, self).mogrify(*args, **keywords)  # noqa: E731
            return self._timetracer_ask("mogrify", args, keywords, call)

        def cast(self, *args: Any) -> Any:
            if self._timetracer_fetching:  # a caster's own: what it makes of a cell is in its row
                return super().cast(*args)
            call = lambda: super(Cursor, self).cast(*args)  # noqa: E731
            return self._timetracer_ask("cast", args, {}, call)

        @property
        def query(self) -> Any:
            value = super().query
            return self._timetracer_ask(".query", (), {}, lambda: value)

        def _timetracer_ask(
            self, operation: str, args: Any, keywords: Any, call: Callable[[], Any]
        ) -> Any:
            statement, parameters = asked_with(args, keywords)
            with guarded("psycopg2 statement"):
                statement = text_of(self, statement)
            origin = getattr(self.connection, "_timetracer_origin", None)
            return noted_question(origin, (operation, statement, parameters), call)

        def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> Any:
            with guarded("psycopg2 statement"):
                sql = text_of(self, sql)
            call = lambda tee: super(Cursor, self).copy_expert(sql, tee, size)  # noqa: E731
            return self._timetracer_copy("copy", sql, None, file, call)

        def copy_from(self, file: Any, table: Any, *args: Any, **keywords: Any) -> Any:
            call = lambda tee: super(Cursor, self).copy_from(tee, table, *args, **keywords)  # noqa: E731
            return self._timetracer_copy("copy_from", table, [args, keywords], file, call)

        def copy_to(self, file: Any, table: Any, *args: Any, **keywords: Any) -> Any:
            call = lambda tee: super(Cursor, self).copy_to(tee, table, *args, **keywords)  # noqa: E731
            return self._timetracer_copy("copy_to", table, [args, keywords], file, call)

        def _timetracer_copy(
            self,
            operation: str,
            statement: Any,
            options: Any,
            file: Any,
            call: Callable[[Any], Any],
        ) -> Any:
            self._timetracer_end()
            tee = Tee(file)

            def executed(noted: Call, returned: Any) -> None:
                noted.answer.extra["data"] = tee._self_all()
                self._timetracer_executed(noted, returned)

            origin = getattr(self.connection, "_timetracer_origin", None)
            asked = (operation, statement, options)
            return noted_call(origin, asked, lambda: call(tee), executed)

        def fetchone(self) -> Any:
            row = self._timetracer_fetch(super().fetchone)
            if row is None:
                return None
            self._timetracer_fetched([row])
            return self._timetracer_built([row])[0]

        def fetchmany(self, *args: Any, **keywords: Any) -> Any:
            rows = self._timetracer_fetch(lambda: super(Cursor, self).fetchmany(*args, **keywords))
            self._timetracer_fetched(rows)
            return self._timetracer_built(rows)

        def fetchall(self) -> Any:
            rows = self._timetracer_fetch(super().fetchall)
            self._timetracer_fetched(rows)
            return self._timetracer_built(rows)

        def __next__(self) -> Any:
            row = self._timetracer_fetch(super().__next__)
            self._timetracer_fetched([row])
            return self._timetracer_built([row])[0]

        def _timetracer_fetch(self, fetch: Callable[[], Any]) -> Any:
            self._timetracer_fetching = True
            try:
                return fetch()
            except StopIteration:
                raise
            except BaseException as error:
                call, self._timetracer_call = self._timetracer_call, None
                if call is not None:
                    with guarded("psycopg2 fetch"):
                        call.broke_off(error)
                raise
            finally:
                self._timetracer_fetching = False

        def _timetracer_fetched(self, rows: Any) -> None:
            call = self._timetracer_call
            if call is not None:
                with guarded("psycopg2 fetch"):
                    call.fetched(self, rows)

        def close(self) -> Any:
            self._timetracer_end()
            return super().close()

        def _timetracer_end(self) -> None:
            call, self._timetracer_call = self._timetracer_call, None
            if call is not None:
                with guarded("psycopg2 end"):
                    call.finish()

        def __del__(self) -> None:
            self._timetracer_end()

    return Cursor
