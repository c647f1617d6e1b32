"""psycopg's pipelines in a replay: answers come at the moments at which they came when recorded."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg_results import form_left_at
from timetracer_otel.patching import Patch
from timetracer_otel.replay.database_answers import Reading, asked
from timetracer_otel.replay.psycopg_generators import Waiting, queue
from timetracer_otel.replay.psycopg_libpq import is_replayed, results_of

__all__ = ["PIPELINES", "queued_command", "running_piped"]

_Gen = Generator[Any, Any, Any]


def running_piped(original: Callable[..., _Gen], cursor: Any, pgq: Any, keywords: Any) -> _Gen:
    """In a pipeline: the answer waits for its turn, and so does that to its preparation."""
    connection = cursor._conn
    statement, parameters = form_left_at(connection, pgq)
    reading = Reading(asked(connection._replayed_origin, "execute", statement, parameters))
    before = len(connection._pipeline.result_queue)
    yield from original(cursor, pgq, **keywords)
    results, moment = results_of(reading), reading.extra.get("moment", 0)
    if len(connection._pipeline.result_queue) - before > 1:
        failed = results if reading.extra.get("stage") == "prepare" else []
        queue(connection.pgconn, Waiting(failed, moment if failed else 0, b"PREPARE"))
    queue(connection.pgconn, Waiting(results, moment, reading=reading))


def queued_command(connection: Any, text: str, wanted: tuple[str, str, None] | None) -> Waiting:
    if wanted is None:
        return Waiting(text=text.encode())
    reading = Reading(asked(connection._replayed_origin, *wanted))
    failed = [result for result in results_of(reading) if result._replayed_error is not None]
    return Waiting(failed, reading.extra.get("moment", 0), text.encode())


def _synchronising(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def _enqueue_sync(self: Any) -> None:
        original(self)
        if is_replayed(self._conn.pgconn):
            queue(self.pgconn, Waiting())

    return _enqueue_sync


def _passing_time(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def generate(self: Any, *args: Any, **keywords: Any) -> _Gen:
        if is_replayed(self._conn.pgconn):
            self.pgconn._replayed_moment += 1
        return (yield from original(self, *args, **keywords))

    return generate


def _forgetting(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """A prepared statement that the server need not keep: there is no server."""

    @wraps(original)
    def _deallocate(self: Any, name: Any) -> _Gen:
        if not is_replayed(self.pgconn):
            yield from original(self, name)

    return _deallocate


_BASE = "psycopg._pipeline_base:BasePipeline"

PIPELINES = (
    Patch(f"{_BASE}._enqueue_sync", _synchronising),
    Patch(f"{_BASE}._communicate_gen", _passing_time),
    Patch(f"{_BASE}._fetch_gen", _passing_time),
    Patch("psycopg._connection_base:BaseConnection._deallocate", _forgetting),
)
