"""Results of libpq, as a recording keeps them: each cell as it came, which psycopg then loads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import wraps
from typing import Any, overload

from timetracer_otel.capture.asyncpg import SETTINGS
from timetracer_otel.dbapi_calls import Call, Origin
from timetracer_otel.recording import active_recorder

__all__ = [
    "form_left_at",
    "leaving_form",
    "note_many",
    "note_results",
    "origin_of",
    "psycopg_facts",
    "psycopg_origin",
    "statement_of",
]

_CELL_BYTES = 64
_IDLE, _IN_TRANSACTION = 0, 2


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


def psycopg_facts(connection: Any) -> dict[str, Any]:
    """What the server says of itself and of the connection, the process number left out."""
    pgconn = connection.pgconn
    statuses = {name: pgconn.parameter_status(name.encode()) for name in SETTINGS}
    named = ("host", "hostaddr", "port", "db", "user", "options")
    return {
        "server_version": pgconn.server_version,
        "protocol_version": pgconn.protocol_version,
        "parameters": {name: text.decode() for name, text in statuses.items() if text is not None},
        "info": {name: getattr(pgconn, name).decode() for name in named},
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


class _Rows(Sequence[tuple[Any, ...]]):
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
        return tuple(_cell(value(number, place), text) for place, text in enumerate(self._text))


def _cell(value: bytes | None, text: bool) -> Any:
    if value is None or not text:
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _columns(result: Any) -> list[tuple[Any, ...]] | None:
    if result.status != 2:  # noqa: PLR2004 - TUPLES_OK
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
    def __init__(self, cursor: Any, columns: Any) -> None:
        self.description = columns
        self.rowcount = cursor._rowcount
        self.lastrowid = None


def note_results(call: Call, cursor: Any, results: list[Any]) -> None:
    """The answer of a statement, or of several in one."""
    first, *more = results
    extra = call.answer.extra
    columns = _columns(first)
    extra["command"] = _command(first)
    if more:
        extra["more"] = [
            {
                "columns": _columns(r),
                "rows": [*_Rows(r)],
                "command": _command(r),
                "rowcount": r.command_tuples,
            }
            for r in more
        ]
    status = cursor._conn.pgconn.transaction_status
    if status != (_IDLE if cursor._conn._autocommit else _IN_TRANSACTION):
        extra["transaction"] = int(status)
    shown = _Shown(cursor, columns)
    call.executed(shown, None)
    rows = _Rows(first)
    if columns is not None and call.may_keep(len(rows), len(rows) * len(columns) * _CELL_BYTES):
        call.answer.rows = rows  # type: ignore[assignment]  # read when they are written down
    call.finish()


def note_many(call: Call, cursor: Any) -> None:
    """The answer of `executemany`: its results, or how many rows were changed."""
    if cursor._results:
        note_results(call, cursor, cursor._results)
        return
    status = getattr(cursor, "_statusmessage", None)  # psycopg 3.3 keeps it, 3.2 has none here
    if status is not None:
        call.answer.extra["command"] = status.decode()
    call.executed(_Shown(cursor, None), None)


def _command(result: Any) -> Any:
    status = result.command_status
    return status.decode() if status is not None else None
