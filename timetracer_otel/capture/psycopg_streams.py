"""What psycopg sends and receives piece by piece: streamed rows, `COPY`, server-side cursors."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg_results import (
    CellRows,
    cell,
    columns_of,
    connection_of,
    note_besides,
    note_results,
    origin_of,
    statement_of,
)
from timetracer_otel.dbapi_calls import Call
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["STREAMS", "copied", "noting"]

_Gen = Generator[Any, Any, Any]
_COPY_OUT = 3


def noting(
    connection: Any,
    asked: tuple[str, object, object],
    running: _Gen,
    answered: Callable[[Call, Any], None],
) -> _Gen:
    """What `running` gives: psycopg's own, once; `answered` notes it as the answer to `asked`."""
    call: Call | None = None
    with guarded("psycopg call"):
        origin = origin_of(connection)
        call = origin.begin(*asked) if origin is not None else None
    try:
        returned = yield from running
    except BaseException as error:
        with guarded("psycopg error"):
            if call is not None:
                note_besides(call, connection)
                call.broke_off(error)
        raise
    with guarded("psycopg answer"):
        if call is not None:
            answered(call, returned)
    return returned


def _streaming(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _stream_send_gen(self: Any, query: Any, params: Any = None, **keywords: Any) -> _Gen:
        def sent(call: Call, _: Any) -> None:
            call.over = False  # whoever holds it lets go of it where nothing more is read
            vars(self._conn)["_timetracer_stream"] = call

        asked = ("stream", statement_of(query), params)
        running = original(self, query, params, **keywords)
        return (yield from noting(self._conn, asked, running, sent))

    return _stream_send_gen


def _streamed(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """The next rows of a stream; None is its end."""

    @wraps(original)
    def _stream_fetchone_gen(self: Any, *args: Any, **keywords: Any) -> _Gen:
        kept = vars(self._conn)
        try:
            result = yield from original(self, *args, **keywords)
        except BaseException as error:
            with guarded("psycopg stream"):
                call = kept.pop("_timetracer_stream", None)
                if call is not None:
                    note_besides(call, self._conn)
                    call.broke_off(error)
            raise
        with guarded("psycopg stream"):
            call = kept.get("_timetracer_stream")
            if call is not None:
                _note_streamed(call, result)
            if call is not None and result is None:
                del kept["_timetracer_stream"]
                note_besides(call, self._conn)
                call.finish()
        return result

    return _stream_fetchone_gen


def _note_streamed(call: Call, result: Any) -> None:
    if result is not None:
        call.answer.description = call.answer.description or columns_of(result)
        call.keep([*CellRows(result)])


@dataclass(slots=True)
class _Copy:
    """A `COPY` while it runs: its statement, its direction, and the data so far."""

    asked: tuple[Any, Any]
    text: bool
    call: Call
    sent: list[bytes] = field(default_factory=list)


def copied(parts: list[bytes], *, text: bool) -> Any:
    """The data of a `COPY` to the server as one, as a cassette has it."""
    return cell(b"".join(parts), text)


def _copying(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """The beginning: the server says in which direction and in which format."""

    @wraps(original)
    def _start_copy_gen(self: Any, statement: Any, params: Any = None) -> _Gen:
        def begun(call: Call, _: Any) -> None:
            result = self.pgresult
            text = not result.binary_tuples
            note_results(call, self._conn, [result], whole=result.status != _COPY_OUT)
            call.answer.extra.pop("transaction", None)
            call.answer.extra["binary"] = int(result.binary_tuples)
            copy = _Copy((statement_of(statement), params), text, call)
            vars(self._conn)["_timetracer_copy"] = copy

        asked = ("copy", statement_of(statement), params)
        return (yield from noting(self._conn, asked, original(self, statement, params), begun))

    return _start_copy_gen


def _copy_of(pgconn: Any) -> tuple[Any, _Copy | None]:
    connection = connection_of(pgconn)
    kept = vars(connection) if connection is not None else {}
    return connection, kept.get("_timetracer_copy")


def _receiving(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """One message of the server's, or the result that ends them."""

    @wraps(original)
    def copy_from(pgconn: Any) -> _Gen:
        connection, copy = _copy_of(pgconn)
        try:
            data = yield from original(pgconn)
        except BaseException as error:
            with guarded("psycopg copy"):
                if copy is not None:
                    note_besides(copy.call, connection)
                    copy.call.broke_off(error)
            raise
        with guarded("psycopg copy"):
            if copy is not None:
                _note_received(connection, copy, data)
        return data

    return copy_from


def _note_received(connection: Any, copy: _Copy, data: Any) -> None:
    extra = copy.call.answer.extra
    if isinstance(data, memoryview):
        if copy.call.may_keep(1, len(data)):
            kept: Any = extra.setdefault("data", [])
            kept.append(cell(bytes(data), copy.text))
        return
    extra["copied"] = [data.command_status.decode(), data.command_tuples]
    note_besides(copy.call, connection)
    copy.call.finish()


def _sending(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def copy_to(pgconn: Any, buffer: Any, *args: Any, **keywords: Any) -> _Gen:
        with guarded("psycopg copy"):
            _, copy = _copy_of(pgconn)
            if copy is not None and copy.call.may_keep(1, len(buffer)):
                copy.sent.append(bytes(buffer))
        return (yield from original(pgconn, buffer, *args, **keywords))

    return copy_to


def _sent(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """The end of a `COPY` to the server, and what it made of it."""

    @wraps(original)
    def copy_end(pgconn: Any, error: Any) -> _Gen:
        connection, copy = _copy_of(pgconn)
        if copy is None:
            return (yield from original(pgconn, error))
        data = copied(copy.sent, text=copy.text)
        said = error.decode("utf-8", "replace") if error is not None else None
        asked = ("copy_in", copy.asked[0], [data, said])

        def ended(call: Call, result: Any) -> None:
            call.answer.truncated = copy.call.answer.truncated
            note_results(call, connection, [result])

        return (yield from noting(connection, asked, original(pgconn, error), ended))

    return copy_end


def _declaring(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """A server-side cursor begins; its fetches are commands of their own."""

    @wraps(original)
    def _declare_gen(self: Any, query: Any, params: Any = None, *args: Any, **named: Any) -> _Gen:
        asked = ("declare", statement_of(query), params)
        running = original(self, query, params, *args, **named)
        return (yield from noting(self._conn, asked, running, _done(self._conn)))

    return _declare_gen


def _describing(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def _describe_gen(self: Any) -> _Gen:
        def described(call: Call, _: Any) -> None:
            note_results(call, self._conn, self._results)

        asked = ("describe", self._name, None)
        return (yield from noting(self._conn, asked, original(self), described))

    return _describe_gen


def _done(connection: Any) -> Callable[[Call, Any], None]:
    def done(call: Call, _: Any) -> None:
        note_besides(call, connection)
        call.finish()

    return done


STREAMS = (
    Patch("psycopg._cursor_base:BaseCursor._stream_send_gen", _streaming),
    Patch("psycopg._cursor_base:BaseCursor._stream_fetchone_gen", _streamed),
    Patch("psycopg._cursor_base:BaseCursor._start_copy_gen", _copying),
    Patch("psycopg._copy_base:copy_from", _receiving),
    Patch("psycopg._copy:copy_to", _sending),
    Patch("psycopg._copy:copy_end", _sent),
    Patch("psycopg._copy_async:copy_to", _sending),
    Patch("psycopg._copy_async:copy_end", _sent),
    Patch("psycopg._server_cursor_base:ServerCursorMixin._declare_gen", _declaring),
    Patch("psycopg._server_cursor_base:ServerCursorMixin._describe_gen", _describing),
)
