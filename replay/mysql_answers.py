"""What a recording answers over a connection of PyMySQL or aiomysql: packets as they are read."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.dbapi_calls import Origin
from timetracer_otel.mysql_calls import Asked
from timetracer_otel.protocols.sql import SqlInteraction
from timetracer_otel.replay.database_answers import (
    Reading,
    asked,
    found_for,
    recorded_facts,
    told,
)

__all__ = [
    "Answers",
    "SilentSocket",
    "answers_of",
    "fill",
    "is_lost",
    "next_row",
    "telling_thread_again",
]

_IN_TRANSACTION, _AUTOCOMMIT = 1, 2
_STREAMED = 18446744073709551615
"""What PyMySQL says of the number of rows that it has not read."""
_BINARY = 63
_LOST = (2006, 2013)


class SilentSocket:
    """What a connection is given in the place of a socket; nothing goes over it."""

    def makefile(self, _mode: str) -> SilentSocket:
        return self

    def __getattr__(self, _name: str) -> Any:
        return lambda *_, **__: None


class Answers:
    """A replayed connection: what it was asked last, and the server's state."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.facts = recorded_facts(origin)
        self.status: int = self.facts.get("server_status", _AUTOCOMMIT)
        self._pending: Asked | None = None
        self._quiet = False

    def greet(self, connection: Any) -> None:
        """What the server said of itself when it was recorded."""
        connection.salt = b""
        for name, value in self.facts.items():
            setattr(connection, name, value)

    def commanded(self, asked: Asked | None) -> None:
        self._quiet = asked is None
        self._pending = asked

    def find(self) -> SqlInteraction | None:
        """The recorded answer to what was asked; None where nothing needs to be known."""
        asked, self._pending = self._pending, None
        if asked is None and self._quiet:
            return None
        return found_for(self.origin, *(asked or ("next_result", "", None)))

    def reading(self, found: SqlInteraction | None) -> Reading | None:
        """That answer to be read; the server's state follows it."""
        if found is None:  # a rollback, or a setting
            self.status &= ~_IN_TRANSACTION
            return None
        reading = Reading(found)
        ended = self.status & ~_IN_TRANSACTION if found.request.operation == "commit" else None
        self.status = reading.extra.get("server_status", self.status if ended is None else ended)
        return reading

    def ok_packet(self, reading: Reading | None, encoding: str) -> Any:
        """As the server sends it after what gives no rows."""
        from pymysql.protocol import MysqlPacket

        extra = reading.extra if reading is not None else {}
        affected = max(reading.rowcount, 0) if reading is not None else 0
        inserted = (reading.lastrowid if reading is not None else None) or 0
        message = extra.get("message") or b""
        numbers = struct.pack("<HH", self.status, extra.get("warning_count", 0))
        data = b"\0" + _number(affected) + _number(inserted) + numbers + message
        return MysqlPacket(data, encoding)


def answers_of(connection: Any) -> Answers | None:
    """Those of a replayed connection."""
    found: Answers | None = vars(connection).get("_replayed_answers")
    return found


def fill(result: Any, reading: Reading, encoding: str, *, streamed: bool) -> None:
    """A result of the driver's own class, with what was read into it then."""
    tables = reading.extra.get("tables") or [""] * len(reading.columns or ())
    result.fields = [
        _field(column, table, encoding)
        for column, table in zip(reading.columns or (), tables, strict=True)
    ]
    result.converters = []
    result.field_count = len(result.fields)
    result.description = tuple(field.description() for field in result.fields)
    if streamed:
        result.affected_rows, result.unbuffered_active = _STREAMED, True
        result._replayed_reading = reading
        return
    result.rows = tuple(reading.take(None))
    result.affected_rows = len(result.rows)
    _end(result, reading)


def next_row(result: Any) -> Any:
    """The next row of a result that is read row by row; None at its end."""
    reading: Reading = result._replayed_reading
    rows = reading.take(1)
    if rows:
        result.affected_rows, result.rows = 1, tuple(rows)
        return rows[0]
    result.unbuffered_active, result.rows = False, None
    _end(result, reading)
    return None


def _end(result: Any, reading: Reading) -> None:
    result.connection = None
    result.warning_count = reading.extra.get("warning_count", 0)
    result.has_next = reading.extra.get("has_next", 0)


def _field(column: Any, table: str, encoding: str) -> Any:
    """A column as the server describes it; `column` is what PyMySQL made of that."""
    from pymysql.protocol import FieldDescriptorPacket

    name, kind, _, length, _, scale, nullable = column
    texts = b"".join(_text(part, encoding) for part in ("def", "", table, table, name, name))
    numbers = struct.pack("<HIBHBxx", _BINARY, length or 0, kind, 0 if nullable else 1, scale or 0)
    return FieldDescriptorPacket(texts + b"\x0c" + numbers, encoding)


def _text(text: str, encoding: str) -> bytes:
    data = text.encode(encoding)
    return _number(len(data)) + data


def _number(value: int) -> bytes:
    """A length-encoded integer."""
    if value < 251:  # noqa: PLR2004 - what fits into its first byte
        return bytes([value])
    return b"\xfe" + struct.pack("<Q", value)


def telling_thread_again(original: Callable[..., Any]) -> Callable[..., Any]:
    """The number of the server's thread, as it was recorded."""

    @wraps(original)
    def thread_id(self: Any) -> Any:
        answers = answers_of(self)
        return original(self) if answers is None else told(asked(answers.origin, "thread_id"))

    return thread_id


def is_lost(error: BaseException) -> bool:
    """Whether the driver closes its connection after this."""
    return bool(error.args) and error.args[0] in _LOST
