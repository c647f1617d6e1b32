"""Results of libpq, as a recording keeps them: each cell as it came, which psycopg then loads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import wraps
from typing import Any, overload
from weakref import WeakValueDictionary

from timetracer_otel.capture.postgresql import SETTINGS
from timetracer_otel.dbapi_calls import Call, Origin
from timetracer_otel.recording import active_recorder

__all__ = [
    "CellRows",
    "cell",
    "columns_of",
    "command_asked",
    "connection_of",
    "form_left_at",
    "know",
    "leaving_form",
    "note_besides",
    "note_many",
    "note_results",
    "origin_of",
    "psycopg_facts",
    "psycopg_origin",
    "statement_of",
]

_CELL_BYTES = 64
_IDLE, _ACTIVE, _IN_TRANSACTION = 0, 1, 2
_EMPTY, _COMMAND_OK, _TUPLES_OK = 0, 1, 2

_CONNECTIONS: WeakValueDictionary[int, Any] = WeakValueDictionary()
"""By the `id` of the connection of libpq, which psycopg's generators are given alone."""


def know(connection: Any) -> None:
    """From now on `connection_of` finds it."""
    _CONNECTIONS[id(connection.pgconn)] = connection


def connection_of(pgconn: Any) -> Any:
    """The recorded connection over `pgconn`, or None."""
    found = _CONNECTIONS.get(id(pgconn))
    return found if found is not None and found.pgconn is pgconn else None


def psycopg_origin(conninfo: str) -> Origin:
    """Where the calls of a connection come from; no user, and no password."""
    from psycopg.conninfo import conninfo_to_dict

    named = conninfo_to_dict(conninfo)
    host = named.get("host") or named.get("hostaddr") or ""
    port = f":{named['port']}" if named.get("port") else ""
    server = f"{host}{port}/{named.get('dbname') or ''}"
    origin = Origin(library="psycopg", system="postgresql", driver="psycopg", server=server)
    origin.spanned = True
    return origin


def origin_of(connection: Any) -> Origin | None:
    """That of a connection that is recorded, while something records."""
    if active_recorder() is None:
        return None
    found: Origin | None = vars(connection).get("_timetracer_origin")
    return found


def psycopg_facts(connection: Any, conninfo: str) -> dict[str, Any]:
    """What the server says of itself and of the connection, the process number left out."""
    from psycopg.conninfo import conninfo_to_dict

    pgconn, given = connection.pgconn, conninfo_to_dict(conninfo)
    statuses = {name: pgconn.parameter_status(name.encode()) for name in SETTINGS}
    named = ("host", "hostaddr", "port", "db", "user", "options")
    told = ("ssl_in_use", "used_password", "needs_password")
    return {
        "server_version": pgconn.server_version,
        "protocol_version": pgconn.protocol_version,
        "parameters": {name: text.decode() for name, text in statuses.items() if text is not None},
        "info": {name: getattr(pgconn, name).decode() for name in named},
        "options": {
            option.keyword.decode(): option.val.decode()
            for option in pgconn.info
            if option.val and option.dispchar != b"*" and option.keyword.decode() not in given
        },
        "flags": {name: bool(getattr(pgconn, name)) for name in told},
    }


def leaving_form(original: Callable[..., Any]) -> Callable[..., Any]:
    """`_execute_gen`, which leaves at the connection what it was given, as it was given."""

    @wraps(original)
    def _execute_gen(
        self: Any, query: Any, params: Any = None, **keywords: Any
    ) -> Generator[Any, Any, Any]:
        kept = vars(self._conn)
        kept["_timetracer_form"] = (statement_of(query), params)
        try:
            return (yield from original(self, query, params, **keywords))
        finally:
            kept.pop("_timetracer_form", None)

    return _execute_gen


def statement_of(query: Any) -> str:
    """As text; what `psycopg.sql` put together in a way that needs no connection."""
    if isinstance(query, bytes):
        return query.decode("utf-8", "replace")
    if hasattr(query, "as_string"):
        return str(query.as_string(None))
    return str(query)


def form_left_at(connection: Any, pgq: Any) -> tuple[str, Any]:
    """Statement and parameters of what is about to be sent."""
    found: tuple[str, Any] | None = vars(connection).get("_timetracer_form")
    return found if found is not None else (pgq.query.decode("utf-8", "replace"), pgq.params)


_TELLING = (
    "FETCH",
    "MOVE",
    "SELECT",
    "PREPARE TRANSACTION",
    "COMMIT PREPARED",
    "ROLLBACK PREPARED",
)


def command_asked(command: Any) -> tuple[str, str, None] | None:
    """What psycopg asks by itself, or None where success says nothing (`BEGIN`, savepoints)."""
    text = statement_of(command)
    if text == "COMMIT":
        return ("commit", "", None)
    return ("command", text, None) if text.startswith(_TELLING) else None


class CellRows(Sequence[tuple[Any, ...]]):
    """The rows of a result, read out of it when they are written down."""

    def __init__(self, result: Any) -> None:
        self._result = result
        self._text = [result.fformat(place) == 0 for place in range(result.nfields)]

    def __len__(self) -> int:
        return int(self._result.ntuples)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return map(self._row, range(len(self)))

    @overload
    def __getitem__(self, index: int) -> tuple[Any, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[Any, ...]]: ...
    def __getitem__(self, index: Any) -> Any:
        numbers = range(len(self))[index]
        return self._row(numbers) if isinstance(numbers, int) else [*map(self._row, numbers)]

    def _row(self, number: int) -> tuple[Any, ...]:
        value = self._result.get_value
        return tuple(cell(value(number, place), text) for place, text in enumerate(self._text))


def cell(value: bytes | None, text: bool) -> Any:
    """A cell as a cassette has it: text where it is that."""
    if value is None or not text:
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def columns_of(result: Any) -> list[tuple[Any, ...]] | None:
    """The columns of a result that has some: rows, one row of many, or the data of `COPY`."""
    if not (result.nfields or result.status == _TUPLES_OK):
        return None
    return [
        (
            (result.fname(n) or b"").decode("utf-8", "replace"),
            result.ftype(n),
            None,
            result.fsize(n),
            None,
            None,
            None,
            result.fmod(n),
            result.fformat(n),
        )
        for n in range(result.nfields)
    ]


class _Shown:
    def __init__(self, columns: Any, rowcount: int) -> None:
        self.description = columns
        self.rowcount = rowcount
        self.lastrowid = None


def note_results(call: Call, connection: Any, results: list[Any], *, whole: bool = True) -> None:
    """The answer of a statement, or of several in one; `whole` unless more of it follows."""
    first, *more = results
    extra = call.answer.extra
    columns = columns_of(first)
    extra["command"] = _command(first)
    if first.status != _usual(first, columns):
        extra["status"] = int(first.status)
    if more:
        extra["more"] = [
            {
                "columns": columns_of(r),
                "rows": [*CellRows(r)],
                "command": _command(r),
                "rowcount": r.command_tuples,
            }
            for r in more
        ]
    note_besides(call, connection)
    call.executed(_Shown(columns, _count(first)), None)
    rows = CellRows(first)
    if rows and call.may_keep(len(rows), len(rows) * len(columns or ()) * _CELL_BYTES):
        call.answer.rows = rows  # type: ignore[assignment]  # read when they are written down
    if whole:
        call.finish()


def _usual(result: Any, columns: Any) -> int:
    if columns is not None:
        return _TUPLES_OK
    return _COMMAND_OK if result.command_status else _EMPTY


def _count(result: Any) -> int:
    if result.status == _TUPLES_OK:
        return int(result.ntuples)
    return -1 if result.command_tuples is None else int(result.command_tuples)


def note_besides(call: Call, connection: Any) -> None:
    """Notices and notifications that have come by now, and a state that is not the usual one."""
    kept, extra = vars(connection), call.answer.extra
    for name in ("notices", "notifies"):
        found = kept.pop(f"_timetracer_{name}", None)
        if found:
            extra[name] = found
    if connection._pipeline is None:
        status = connection.pgconn.transaction_status
        usual = _IDLE if connection._autocommit else _IN_TRANSACTION
        if status not in (usual, _ACTIVE):
            extra["transaction"] = int(status)


def note_many(call: Call, cursor: Any) -> None:
    """The answer of `executemany`: its results, or how many rows were changed."""
    if cursor._results:
        note_results(call, cursor._conn, cursor._results)
        return
    command = getattr(cursor, "_statusmessage", None)  # unset in 3.2
    if command is not None:
        call.answer.extra["command"] = command.decode()
    note_besides(call, cursor._conn)
    call.executed(_Shown(None, cursor._rowcount), None)


def _command(result: Any) -> Any:
    status = result.command_status
    return status.decode() if status is not None else None
