"""The class in C below mysqlclient's connections, and that of results, in a replay.

Both are made without the initialisation in C, which would connect, and no method of C may be
called that looks into the connection: every name is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.mysqlclient_calls import ASKED, FACTS, mysqlclient_origin, options_given
from timetracer_otel.protocols.sql import SqlInteraction
from timetracer_otel.replay.database_answers import (
    Reading,
    asked,
    found_for,
    raise_recorded_refusal,
    recorded_facts,
    told,
)

__all__ = ["connection_class"]

_GONE = (2006, "")
_NOT_RECORDED = (
    "_get_native_connection",
    "change_user",
    "dump_debug_info",
    "fileno",
    "read_query_result",
    "send_query",
    "shutdown",
)


@cache
def connection_class() -> type[Any]:  # noqa: C901 - the methods of one class
    """The class below every connection of a replay."""
    from MySQLdb import OperationalError, _mysql

    class Connection(_mysql.connection):  # type: ignore[misc]  # it ships no types
        # members of C: here they are attributes
        converter: Any = None
        client_flag: Any = 0
        server_capabilities: Any = 0
        port: Any = 0
        open: Any = 0

        def __init__(self, *args: Any, **keywords: Any) -> None:
            self._replayed_origin = origin = mysqlclient_origin(args, keywords)
            raise_recorded_refusal(origin)
            self._replayed_facts = facts = recorded_facts(
                origin, options_given(self._replayed_given)
            )
            for name in ("client_flag", "server_capabilities", "port"):
                setattr(self, name, facts[name])
            self.converter = keywords.get("conv", {})
            self.open = 1
            self._replayed_autocommit = facts["get_autocommit"]
            self._replayed_reading: Reading | None = None
            self._replayed_error: tuple[int, str] = (0, "")
            self._replayed_statement, self._replayed_number = "", 0
            origin.scope = "bootstrap"

        def __repr__(self) -> str:
            where = f"open to {self.host!r}" if self.open else "closed"
            return f"<_mysql.connection {where} at {id(self):#x}>"

        __str__ = __repr__

        def _replayed_must_be_open(self) -> None:
            if not self.open:
                raise OperationalError(*_GONE)

        def _replayed_ask(self, operation: str, *asking: object) -> None:
            """The recorded answer, which is what C knows from now on."""
            found = found_for(self._replayed_origin, operation, *asking)
            self._replayed_reading = None
            if found.error is not None:
                self._replayed_fail(decode_error(found.error))
            self._replayed_error = (0, "")
            self._replayed_reading = reading = Reading(found)
            self._replayed_autocommit = reading.extra.get("autocommit", self._replayed_autocommit)

        def _replayed_fail(self, error: BaseException | None) -> None:
            if error is not None:
                if len(error.args) > 1:
                    self._replayed_error = error.args
                raise error

        def next_result(self) -> int:
            self._replayed_must_be_open()
            if self.more_results():
                self._replayed_number += 1
                asking = (self._replayed_statement, self._replayed_number)
                self._replayed_ask("next_result", *asking)
                return 0
            raise_recorded_refusal(self._replayed_origin, "next_result")
            return -1

        def _replayed_query(self, statement: str, parameters: object) -> None:
            self._replayed_statement, self._replayed_number = statement, 0
            self._replayed_ask("execute", statement, parameters)

        def more_results(self) -> bool:
            return bool(self._replayed_told("more", False))

        def _replayed_told(self, name: str, otherwise: Any) -> Any:
            reading = self._replayed_reading
            return otherwise if reading is None else reading.extra.get(name, otherwise)

        def store_result(self) -> Any:
            return self._replayed_result(streamed=False)

        def use_result(self) -> Any:
            return self._replayed_result(streamed=True)

        def _replayed_result(self, *, streamed: bool) -> Any:
            self._replayed_must_be_open()
            reading = self._replayed_reading
            if reading is not None and reading.extra.get("stage") == "result":
                self._replayed_fail(reading.broken())
            if reading is None or reading.columns is None:
                return None
            return _result_class()(reading, self.converter, streamed=streamed)

        def discard_result(self) -> None:
            return None

        def rollback(self) -> None:
            self._replayed_must_be_open()
            raise_recorded_refusal(self._replayed_origin, "rollback")

        def ping(self, *_: Any) -> None:
            self._replayed_must_be_open()
            raise_recorded_refusal(self._replayed_origin, "ping")

        def close(self) -> None:
            self._replayed_must_be_open()
            self.open = 0

        def set_character_set(self, charset: Any) -> None:
            self._replayed_must_be_open()
            self._replayed_facts["character_set_name"] = charset

        def set_server_option(self, _option: int) -> int:
            return 0

        def get_autocommit(self) -> bool:
            self._replayed_must_be_open()
            return bool(self._replayed_autocommit)

        def affected_rows(self) -> int:
            reading = self._replayed_reading
            return reading.rowcount if reading is not None else -1

        def insert_id(self) -> Any:
            return self._replayed_reading.lastrowid if self._replayed_reading is not None else 0

        def field_count(self) -> int:
            reading = self._replayed_reading
            return len(reading.columns or ()) if reading is not None else 0

        def warning_count(self) -> Any:
            return self._replayed_told("warnings", 0)

        def info(self) -> Any:
            return self._replayed_told("info", None)

        def errno(self) -> int:
            return self._replayed_error[0]

        def error(self) -> str:
            return self._replayed_error[1]

        # as with a connection in UTF-8
        def string_literal(self, value: Any) -> Any:
            return _mysql.string_literal(value)

        def escape_string(self, value: Any) -> Any:
            return _mysql.escape_string(value)

        def escape(self, value: Any, encoders: Any) -> Any:
            return _mysql.escape(value, encoders)

    for name in FACTS:
        if name != "get_autocommit":
            setattr(Connection, name, _telling(name))
    for name in ASKED:
        setattr(Connection, name, _asking(name))
    for name in _NOT_RECORDED:
        setattr(Connection, name, _refusing(name))
    return Connection


def _telling(name: str) -> Callable[..., Any]:
    def tell(self: Any) -> Any:
        self._replayed_must_be_open()
        return self._replayed_facts[name]

    tell.__name__ = name
    return tell


def _asking(name: str) -> Callable[..., Any]:
    def ask(self: Any, *args: Any) -> Any:
        found: SqlInteraction = asked(self._replayed_origin, name, "", list(args) or None)
        return told(found)

    ask.__name__ = name
    return ask


def _refusing(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        reason = "what it does was not recorded: only statements and values are"
        raise CannotReplay(subject=f"`{name}` of a connection of mysqlclient", reason=reason)

    refuse.__name__ = name
    return refuse


@cache
def _result_class() -> type[Any]:  # noqa: C901 - the methods of one class
    from MySQLdb import _mysql

    class Result(_mysql.result):  # type: ignore[misc]  # it ships no types
        has_next = False
        converter: Any = ()

        def __init__(self, reading: Reading, converter: Any, *, streamed: bool) -> None:
            self._replayed_reading = reading
            self._replayed_streamed = streamed
            kinds = [column[1] for column in reading.columns or ()]
            self.converter = tuple(converter.get(kind) for kind in kinds)

        def fetch_row(self, maxrows: int = 1, how: int = 0) -> Any:
            reading = self._replayed_reading
            rows = reading.take(maxrows or None)
            if how == 0:
                return tuple(rows)
            names = reading.extra.get("names") or [column[0] for column in reading.columns or ()]
            return tuple(dict(zip(names, row, strict=True)) for row in rows)

        def describe(self) -> Any:
            return tuple(tuple(column) for column in self._replayed_reading.columns or ())

        def field_flags(self) -> Any:
            return tuple(self._replayed_reading.extra["flags"])

        def num_fields(self) -> int:
            return len(self._replayed_reading.columns or ())

        def num_rows(self) -> int:
            reading = self._replayed_reading
            return reading.next if self._replayed_streamed else reading.rowcount

        def data_seek(self, number: int) -> None:
            self._replayed_reading.next = number

        def discard(self) -> None:
            reading = self._replayed_reading
            reading.next = len(reading.rows)
            error = reading.broken()
            if error is not None:
                raise error

    return Result
