"""libpq of psycopg in a replay: a connection that leads nowhere, and results as recorded.

What loads the cells, makes the rows and describes the columns is psycopg's own.
"""

from __future__ import annotations

import os
from collections import deque
from functools import cache
from typing import Any

from timetracer_otel.replay.database_answers import Reading

__all__ = [
    "COPY_IN",
    "IDLE",
    "IN_ERROR",
    "IN_TRANSACTION",
    "Offline",
    "RecordedResult",
    "copy_result",
    "is_replayed",
    "pgconn_class",
    "results_of",
    "streamed_results",
    "transformer_class",
]

_EMPTY, _COMMAND_OK, _TUPLES_OK, _FATAL_ERROR = 0, 1, 2, 7
_SINGLE_TUPLE, _PIPELINE_ABORTED, _TUPLES_CHUNK = 9, 11, 12
_OK, _BAD = 0, 1
COPY_OUT, COPY_IN = 3, 4
IDLE, ACTIVE, IN_TRANSACTION, IN_ERROR = 0, 1, 2, 3


class Offline:
    """What adapts values without a connection that C would look into."""

    connection = None

    def __init__(self, adapters: Any) -> None:
        self.adapters = adapters


class RecordedResult:
    """What psycopg asks of a result of libpq; `error` is what it makes of one that failed."""

    oid_value = 0
    error_message = b""

    def __init__(  # noqa: PLR0913 - one field each
        self,
        columns: Any = None,
        rows: Any = (),
        command: Any = None,
        rowcount: int | None = None,
        *,
        status: int | None = None,
        binary: int = 0,
        error: BaseException | None = None,
    ) -> None:
        self._columns = columns or []
        self.rows = [tuple(map(_bytes, row)) for row in rows]
        self.command_status = command.encode() if command is not None else None
        usual = _TUPLES_OK if columns is not None else _COMMAND_OK if command else _EMPTY
        self.status = usual if status is None else status
        self.ntuples, self.nfields = len(self.rows), len(self._columns)
        self.command_tuples = None if rowcount is None or rowcount < 0 else rowcount
        self.binary_tuples = binary
        self._replayed_error = error

    @classmethod
    def failed(cls, error: BaseException) -> RecordedResult:
        """The result of what was refused; after it, a pipeline is not gone on with."""
        aborted = type(error).__name__ == "PipelineAborted"
        return cls(status=_PIPELINE_ABORTED if aborted else _FATAL_ERROR, error=error)

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
    error = reading.broken()
    if error is not None:
        return [RecordedResult.failed(error)]
    extra = reading.extra
    first = RecordedResult(
        reading.columns,
        reading.rows,
        extra.get("command"),
        reading.rowcount,
        status=extra.get("status"),
        binary=extra.get("binary", 0),
    )
    more = [
        RecordedResult(m["columns"], m["rows"], m["command"], m["rowcount"])
        for m in extra.get("more", [])
    ]
    return [first, *more]


def copy_result(reading: Reading) -> RecordedResult:
    """What the server says as a `COPY` begins."""
    status, binary = reading.extra["status"], reading.extra.get("binary", 0)
    return RecordedResult(reading.columns, status=status, binary=binary)


def streamed_results(reading: Reading, size: int) -> list[Any]:
    """The rows of a stream, so many at a time, and what ended it."""
    status = _SINGLE_TUPLE if size == 1 else _TUPLES_CHUNK
    found = [
        RecordedResult(reading.columns, reading.rows[start : start + size], status=status)
        for start in range(0, len(reading.rows), size)
    ]
    error = reading.broken()
    if error is not None:
        return [*found, RecordedResult.failed(error)]
    return [*found, RecordedResult(reading.columns or []), None]


@cache
def transformer_class() -> type[Any]:
    """Psycopg's own, over results that libpq did not make."""
    from psycopg import adapt

    base: Any = adapt.Transformer  # in C or in Python, by how it is installed

    class Recorded(base):  # type: ignore[misc]  # chosen when it is imported
        _replayed_result: Any = None
        _replayed_loaders: Any = ()

        def set_pgresult(
            self,
            result: Any,
            *,
            set_loaders: bool = True,
            format: Any = None,  # noqa: A002 - psycopg's name
        ) -> None:
            self._replayed_result = result
            if result is not None and set_loaders:
                self._replayed_loaders = [
                    self.get_loader(
                        result.ftype(n), result.fformat(n) if format is None else format
                    ).load
                    for n in range(result.nfields)
                ]
                if result.status == COPY_OUT:
                    self.set_loader_types([0] * result.nfields, result.binary_tuples)

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

    class Recorded(_Sending, base):  # type: ignore[misc]  # chosen when it is imported
        status = _OK
        pipeline_status = 0
        error_message = b""
        password = b""
        _encoding = "utf-8"
        backend_pid = 0
        _replayed_pipe: Any = None  # C asks for it when all else is gone

        def __init__(self, origin: Any, facts: Any, options: Any) -> None:
            self._replayed_origin = origin
            self._replayed_facts = facts
            self._replayed_options = {**facts.get("options", {}), **options}
            self._replayed_status = IDLE
            self._replayed_next: deque[Any] = deque()
            self._replayed_stream: deque[Any] = deque()
            self._replayed_queue: deque[Any] = deque()
            self._replayed_moment = 0
            self._replayed_aborted = False
            self._replayed_copy: Any = None
            self._replayed_ending: Any = None

        def parameter_status(self, name: bytes) -> bytes | None:
            text = self._replayed_facts["parameters"].get(name.decode())
            return text.encode() if text is not None else None

        def get_error_message(self, encoding: str = "") -> str:
            return ""

        def finish(self) -> None:
            self.status = _BAD
            pipe, self._replayed_pipe = self._replayed_pipe, None
            for end in pipe or ():
                os.close(end)

        @property
        def transaction_status(self) -> Any:
            if self.status == _BAD:
                return pq.TransactionStatus.UNKNOWN
            busy = self._replayed_stream or self._replayed_queue or self._replayed_copy
            return pq.TransactionStatus(ACTIVE if busy else self._replayed_status)

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

        @property
        def full_protocol_version(self) -> int:
            return self.protocol_version * 10000

        @property
        def info(self) -> Any:
            """The options of the connection: what the application gave, and libpq's own."""
            given = self._replayed_options
            return [
                option._replace(val=str(given[name]).encode()) if name in given else option
                for option in pq.Conninfo.get_defaults()
                for name in (option.keyword.decode(),)
            ]

        def _replayed_in(self, status: int) -> None:
            self._replayed_status = status

    for name in ("host", "hostaddr", "port", "db", "user", "options"):
        setattr(Recorded, name, _of_info(name))
    for name in ("ssl_in_use", "used_gssapi", "used_password", "needs_password"):
        setattr(Recorded, name, _of_flags(name))
    return Recorded


def is_replayed(pgconn: Any) -> bool:
    """Whether a connection of libpq is one of a replay."""
    return isinstance(pgconn, _Sending)


class _Sending:
    """What a connection is told to send; whoever tells it so has asked the recording already."""

    _replayed_moment: int
    pipeline_status: int

    def enter_pipeline_mode(self) -> None:
        self.pipeline_status, self._replayed_moment = 1, 0

    def exit_pipeline_mode(self) -> None:
        self.pipeline_status = 0


def _sends_nothing(*_: Any, **__: Any) -> None:
    return None


for _name in (
    "pipeline_sync",
    "send_close_prepared",
    "send_describe_portal",
    "send_flush_request",
    "send_prepare",
    "send_query",
    "send_query_params",
    "send_query_prepared",
    "set_chunked_rows_mode",
    "set_single_row_mode",
):
    setattr(_Sending, _name, _sends_nothing)


def _of_info(name: str) -> property:
    return property(lambda self: self._replayed_facts["info"][name].encode())


def _of_flags(name: str) -> property:
    return property(lambda self: self._replayed_facts.get("flags", {}).get(name, False))
