"""The generators through which psycopg talks to libpq, in a replay: what they fetch is recorded."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg_streams import copied
from timetracer_otel.dbapi_calls import Origin
from timetracer_otel.patching import Patch
from timetracer_otel.replay.database_answers import Reading, found_for, found_if_recorded
from timetracer_otel.replay.psycopg_libpq import (
    IDLE,
    IN_ERROR,
    IN_TRANSACTION,
    RecordedResult,
    is_replayed,
    results_of,
)

__all__ = ["GENERATORS", "CopyOf", "Waiting", "answered", "follow", "queue", "say_besides"]

_Gen = Generator[Any, Any, Any]
_PIPELINE_SYNC, _PIPELINE_ABORTED = 10, 11


@dataclass(slots=True)
class Waiting:
    """What is in a pipeline: its results, and at which moment they were there at the earliest.

    A command of psycopg's own has a `text`; a synchronisation has neither that nor results.
    """

    results: list[Any] = field(default_factory=list)
    moment: int = 0
    text: bytes = b""
    reading: Reading | None = None


@dataclass(slots=True)
class CopyOf:
    """A `COPY` in a replay: what is still to come from the server, or was sent to it."""

    origin: Origin
    statement: str
    text: bool
    reading: Reading
    coming: list[Any]
    sent: list[bytes] = field(default_factory=list)


def queue(pgconn: Any, waiting: Waiting) -> None:
    """One more command in the pipeline."""
    pgconn._replayed_queue.append(waiting)


def say_besides(pgconn: Any, extra: dict[str, Any]) -> None:
    """Notices and notifications that came with an answer."""
    from psycopg.pq import PGnotify

    for fields in extra.get("notices", ()):
        pgconn.notice_handler(_Notice({number: text.encode() for number, text in fields}))
    for channel, payload, pid in extra.get("notifies", ()):
        pgconn.notify_handler(PGnotify(channel.encode(), pid, payload.encode()))


class _Notice:
    """What psycopg asks of the result that is a notice."""

    def __init__(self, fields: dict[int, bytes]) -> None:
        self._fields = fields

    def error_field(self, number: int) -> bytes | None:
        return self._fields.get(int(number))


def follow(pgconn: Any, text: bytes) -> None:
    """The state of the transaction after a command of psycopg's own."""
    if text.startswith((b"BEGIN", b"ROLLBACK TO")):
        pgconn._replayed_in(IN_TRANSACTION)
    elif text in (b"COMMIT", b"ROLLBACK") or text.startswith(b"PREPARE TRANSACTION"):
        pgconn._replayed_in(IDLE)


def answered(connection: Any, reading: Reading) -> None:
    """The state that the answer left the connection in, and what came with it."""
    usual = IDLE if connection._autocommit else IN_TRANSACTION
    if reading.has_failed and connection.pgconn._replayed_status != IDLE:
        usual = IN_ERROR
    connection.pgconn._replayed_in(reading.extra.get("transaction", usual))
    say_besides(connection.pgconn, reading.extra)


def _next_piped(pgconn: Any) -> list[Any]:
    """The results of the first command in the pipeline."""
    waiting: Waiting = pgconn._replayed_queue.popleft()
    if not waiting.results and not waiting.text:
        pgconn._replayed_aborted = False
        return [RecordedResult(status=_PIPELINE_SYNC)]
    if pgconn._replayed_aborted:
        return [RecordedResult(status=_PIPELINE_ABORTED)]
    results = waiting.results or [RecordedResult(command=waiting.text.split()[0].decode())]
    if results[0]._replayed_error is not None:
        pgconn._replayed_aborted = True
        if pgconn._replayed_status != IDLE:
            pgconn._replayed_in(IN_ERROR)
    else:
        follow(pgconn, waiting.text)
        if waiting.reading is not None:
            say_besides(pgconn, waiting.reading.extra)
    return results


def _communicated(pgconn: Any, commands: Any) -> _Gen:
    """What had been answered by this moment in the recording."""
    yield from ()
    for command in commands:
        command()
    commands.clear()
    found = []
    waiting = pgconn._replayed_queue
    while waiting and waiting[0].moment <= pgconn._replayed_moment:
        found.append(_next_piped(pgconn))
    return found


def _fetched_many(pgconn: Any) -> _Gen:
    yield from ()
    return _next_piped(pgconn) if pgconn._replayed_queue else []


def _executed(pgconn: Any) -> _Gen:
    yield from ()
    return pgconn._replayed_next.popleft()


def _fetched(pgconn: Any) -> _Gen:
    yield from ()
    stream = pgconn._replayed_stream
    found = stream.popleft() if stream else None
    if not stream and pgconn._replayed_ending is not None:
        ending, pgconn._replayed_ending = pgconn._replayed_ending, None
        ending()
    return found


def _sent(_pgconn: Any) -> _Gen:
    yield from ()


def _received(pgconn: Any) -> _Gen:
    """The next message of a `COPY` from the server, or what ended it."""
    yield from ()
    copy: CopyOf = pgconn._replayed_copy
    if copy.coming:
        data = copy.coming.pop(0)
        return memoryview(data.encode() if isinstance(data, str) else data)
    pgconn._replayed_copy = None
    error = copy.reading.broken()
    if error is not None:
        pgconn._replayed_in(copy.reading.extra.get("transaction", pgconn._replayed_status))
        raise error
    command, count = copy.reading.extra["copied"]
    return RecordedResult(command=command, rowcount=count)


def _put(pgconn: Any, buffer: Any, *_: Any, **__: Any) -> _Gen:
    yield from ()
    pgconn._replayed_copy.sent.append(bytes(buffer))


def _ended(pgconn: Any, error: Any) -> _Gen:
    """The end of a `COPY` to the server: by all that was sent, what it made of it."""
    yield from ()
    copy, pgconn._replayed_copy = pgconn._replayed_copy, None
    said = error.decode("utf-8", "replace") if error is not None else None
    data = copied(copy.sent, text=copy.text)
    reading = Reading(found_for(copy.origin, "copy_in", copy.statement, [data, said]))
    pgconn._replayed_in(reading.extra.get("transaction", pgconn._replayed_status))
    say_besides(pgconn, reading.extra)
    (result,) = results_of(reading)
    if result._replayed_error is not None:
        raise result._replayed_error
    return result


def _heard(pgconn: Any) -> _Gen:
    """What was heard in the recording; where nothing was, it is waited for in vain."""
    from psycopg import errors
    from psycopg.pq import PGnotify
    from psycopg.waiting import Wait

    found = found_if_recorded(pgconn._replayed_origin, "notifies")
    extra = Reading(found).extra if found is not None else {}
    while extra.get("returned") is None:
        yield Wait.R
        if not hasattr(errors, "_WaitTimeout"):  # 3.2 looks at its watch by itself
            return []
    told = [PGnotify(c.encode(), pid, said.encode()) for c, said, pid in extra["returned"]]
    for notify in told if extra.get("handled") else ():
        pgconn.notify_handler(notify)
    return told


def _instead(replayed: Callable[..., _Gen]) -> Callable[[Callable[..., _Gen]], Callable[..., _Gen]]:
    """`replayed` for the connections of a replay; any other keeps psycopg's own."""

    def wrap(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
        @wraps(original)
        def generate(pgconn: Any, *args: Any, **keywords: Any) -> _Gen:
            chosen = replayed if is_replayed(pgconn) else original
            return (yield from chosen(pgconn, *args, **keywords))

        return generate

    return wrap


def _failing(original: Callable[..., Any]) -> Callable[..., Any]:
    """The recorded error, where psycopg makes one of a result."""

    @wraps(original)
    def error_from_result(result: Any, *args: Any, **keywords: Any) -> Any:
        recorded = getattr(result, "_replayed_error", None)
        return original(result, *args, **keywords) if recorded is None else recorded

    return error_from_result


GENERATORS = (
    Patch("psycopg.errors:error_from_result", _failing),
    Patch("psycopg._cursor_base:execute", _instead(_executed)),
    Patch("psycopg._cursor_base:fetch", _instead(_fetched)),
    Patch("psycopg._cursor_base:send", _instead(_sent)),
    Patch("psycopg._server_cursor_base:execute", _instead(_executed)),
    Patch("psycopg._pipeline_base:fetch_many", _instead(_fetched_many)),
    Patch("psycopg._pipeline_base:pipeline_communicate", _instead(_communicated)),
    Patch("psycopg._pipeline_base:send", _instead(_sent)),
    Patch("psycopg._copy_base:copy_from", _instead(_received)),
    Patch("psycopg._copy:copy_to", _instead(_put)),
    Patch("psycopg._copy:copy_end", _instead(_ended)),
    Patch("psycopg._copy_async:copy_to", _instead(_put)),
    Patch("psycopg._copy_async:copy_end", _instead(_ended)),
    Patch("psycopg.connection:notifies", _instead(_heard)),
    Patch("psycopg.connection_async:notifies", _instead(_heard)),
)
