"""libpq of psycopg in a replay: a connection that leads nowhere, and results as recorded.

What loads the cells, makes the rows and describes the columns is psycopg's own.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from timetracer_otel.replay.database_answers import Reading

__all__ = ["RecordedResult", "pgconn_class", "results_of", "transformer_class"]

_EMPTY, _COMMAND_OK, _TUPLES_OK = 0, 1, 2
_OK, _BAD = 0, 1
IDLE, IN_TRANSACTION, IN_ERROR = 0, 2, 3


class RecordedResult:
    """What psycopg asks of a result of libpq."""

    def __init__(self, columns: Any, rows: Any, command: Any, rowcount: int | None) -> None:
        self._columns = columns or []
        self.rows = [tuple(map(_bytes, row)) for row in rows]
        self.command_status = command.encode() if command is not None else None
        self.status = _TUPLES_OK if columns is not None else _COMMAND_OK if command else _EMPTY
        self.ntuples, self.nfields = len(self.rows), len(self._columns)
        self.command_tuples = None if rowcount is None or rowcount < 0 else rowcount
        self.error_message = b""
        self.oid_value = 0

    def fname(self, place: int) -> bytes:
        return str(self._columns[place][0]).encode()

    def ftype(self, place: int) -> Any:
        return self._columns[place][1]

    def fsize(self, place: int) -> Any:
        return self._columns[place][3]

    def fmod(self, place: int) -> Any:
        return self._columns[place][7]

    def fformat(self, place: int) -> Any:
        return self._columns[place][8]

    def get_value(self, row: int, place: int) -> Any:
        return self.rows[row][place]


def _bytes(cell: Any) -> Any:
    return cell.encode() if isinstance(cell, str) else cell


def results_of(reading: Reading) -> list[Any]:
    """All results of one statement, or of several in one."""
    extra = reading.extra
    first = RecordedResult(reading.columns, reading.rows, extra.get("command"), reading.rowcount)
    more = [
        RecordedResult(m["columns"], m["rows"], m["command"], m["rowcount"])
        for m in extra.get("more", [])
    ]
    return [first, *more]


@cache
def transformer_class() -> type[Any]:
    """Psycopg's own, over results that libpq did not make."""
    from psycopg import adapt

    base: Any = adapt.Transformer  # in C or in Python, by how it is installed

    class Recorded(base):  # type: ignore[misc]  # chosen when it is imported
        _replayed_result: Any = None
        _replayed_loaders: Any = ()

        def set_pgresult(self, result: Any, **_: Any) -> None:
            self._replayed_result = result
            if result is not None:
                self._replayed_loaders = [
                    self.get_loader(result.ftype(n), result.fformat(n)).load
                    for n in range(result.nfields)
                ]

        def load_row(self, row: int, make_row: Any) -> Any:
            cells = self._replayed_result.rows[row]
            return make_row(
                tuple(
                    None if cell is None else load(cell)
                    for cell, load in zip(cells, self._replayed_loaders, strict=True)
                )
            )

        def load_rows(self, row0: int, row1: int, make_row: Any) -> list[Any]:
            return [self.load_row(row, make_row) for row in range(row0, row1)]

    return Recorded


@cache
def pgconn_class() -> Any:  # noqa: C901 - the members of one class
    """The class of a connection of libpq, without one."""
    from psycopg import pq

    base: Any = pq.PGconn

    class Recorded(base):  # type: ignore[misc]  # chosen when it is imported
        _replayed_facts: Any = None
        _replayed_pipe: Any = None
        status = _OK
        transaction_status: Any = pq.TransactionStatus.IDLE
        pipeline_status = 0
        error_message = b""
        ssl_in_use = False
        used_gssapi = False
        used_password = True
        password = b""
        _encoding = "utf-8"
        notifies = None
        backend_pid = 0

        def parameter_status(self, name: bytes) -> bytes | None:
            text = self._replayed_facts["parameters"].get(name.decode())
            return text.encode() if text is not None else None

        def get_error_message(self, encoding: str = "") -> str:
            return ""

        def finish(self) -> None:
            self.status = _BAD
            self.transaction_status = pq.TransactionStatus.UNKNOWN
            pipe, self._replayed_pipe = self._replayed_pipe, None
            for end in pipe or ():
                os.close(end)

        @property
        def socket(self) -> int:
            if self._replayed_pipe is None:
                self._replayed_pipe = os.pipe()
            return int(self._replayed_pipe[0])

        @property
        def server_version(self) -> int:
            return int(self._replayed_facts["server_version"])

        @property
        def protocol_version(self) -> int:
            return int(self._replayed_facts["protocol_version"])

        def _replayed_in(self, status: int) -> None:
            self.transaction_status = pq.TransactionStatus(status)

    for name in ("host", "hostaddr", "port", "db", "user", "options"):
        setattr(Recorded, name, _of_info(name))
    return Recorded


def _of_info(name: str) -> property:
    return property(lambda self: self._replayed_facts["info"][name].encode())
