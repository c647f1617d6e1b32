"""Streamed rows, `COPY` and server-side cursors of psycopg in a replay."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg_results import statement_of
from timetracer_otel.patching import Patch
from timetracer_otel.replay.database_answers import Reading, found_for
from timetracer_otel.replay.psycopg_generators import CopyOf, answered
from timetracer_otel.replay.psycopg_libpq import (
    COPY_IN,
    Offline,
    RecordedResult,
    copy_result,
    is_replayed,
    results_of,
    streamed_results,
    transformer_class,
)

__all__ = ["STREAMS"]

_Gen = Generator[Any, Any, Any]


def _streaming(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _stream_send_gen(self: Any, query: Any, params: Any = None, **keywords: Any) -> _Gen:
        connection = self._conn
        if not is_replayed(connection.pgconn):
            return (yield from original(self, query, params, **keywords))
        yield from original(self, query, params, **keywords)
        asking = (connection._replayed_origin, "stream", statement_of(query), params)
        reading = Reading(found_for(*asking))
        pgconn = connection.pgconn
        pgconn._replayed_stream.extend(streamed_results(reading, keywords.get("size", 1)))
        pgconn._replayed_ending = lambda: answered(connection, reading)
        return None

    return _stream_send_gen


def _copying(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _start_copy_gen(self: Any, statement: Any, params: Any = None) -> _Gen:
        connection = self._conn
        if not is_replayed(connection.pgconn):
            return (yield from original(self, statement, params))
        text = statement_of(statement)
        asking = (connection._replayed_origin, "copy", text, params)
        if not (connection._pipeline or self.closed):
            reading = Reading(found_for(*asking))
            pgconn = connection.pgconn
            refused = reading.breaks_off and reading.extra.get("status") is None
            results = results_of(reading) if refused else [copy_result(reading)]
            answered(connection, reading)
            pgconn._replayed_next.append(results)
        yield from original(self, _merged(self, statement, params) if params else statement)
        connection.pgconn._replayed_copy = CopyOf(
            connection._replayed_origin,
            text,
            not results[0].binary_tuples,
            reading,
            list(reading.extra.get("data", ())),
        )
        if results[0].status == COPY_IN:  # what dumps in C looks into the connection
            self._tx = transformer_class()(Offline(self._adapters))
        return None

    return _start_copy_gen


def _merged(cursor: Any, statement: Any, params: Any) -> Any:
    from psycopg._queries import PostgresClientQuery
    from psycopg.adapt import Transformer

    merged: Any = PostgresClientQuery(Transformer(Offline(cursor._adapters)))
    merged.convert(statement, params)
    return merged.query


def _parsing(in_python: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """C counts the columns of libpq's own result: Python counts those that there are."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def parse_row(data: Any, tx: Any) -> Any:
            if not isinstance(tx, transformer_class()):
                return original(data, tx)
            from psycopg import _copy_base

            return getattr(_copy_base, in_python)(data, tx)

        return parse_row

    return wrap


def _declaring(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _declare_gen(self: Any, query: Any, params: Any = None, *args: Any, **named: Any) -> _Gen:
        if is_replayed(self._conn.pgconn):
            statement = statement_of(query)
            _expect(self._conn, "declare", statement, params, command="DECLARE CURSOR")
        return (yield from original(self, query, params, *args, **named))

    return _declare_gen


def _describing(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _describe_gen(self: Any) -> _Gen:
        if is_replayed(self._conn.pgconn):
            _expect(self._conn, "describe", self._name, None)
        return (yield from original(self))

    return _describe_gen


def _expect(connection: Any, *asking: Any, command: str = "") -> None:
    """What psycopg asks next by itself is answered with this."""
    reading = Reading(found_for(connection._replayed_origin, *asking))
    results = results_of(reading)
    if command and results[0]._replayed_error is None:
        results = [RecordedResult(command=command)]
    answered(connection, reading)
    connection.pgconn._replayed_next.append(results)


_CURSOR = "psycopg._cursor_base:BaseCursor"
_SERVER_CURSOR = "psycopg._server_cursor_base:ServerCursorMixin"

STREAMS = (
    Patch(f"{_CURSOR}._start_copy_gen", _copying),
    Patch(f"{_CURSOR}._stream_send_gen", _streaming),
    Patch(f"{_SERVER_CURSOR}._declare_gen", _declaring),
    Patch(f"{_SERVER_CURSOR}._describe_gen", _describing),
    Patch("psycopg._copy_base:parse_row_text", _parsing("_parse_row_text")),
    Patch("psycopg._copy_base:parse_row_binary", _parsing("_parse_row_binary")),
)
