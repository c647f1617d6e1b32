"""psycopg in pipeline mode: statements are sent now, and answered later, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg_results import form_left_at, note_results, origin_of
from timetracer_otel.dbapi_calls import Call
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["PIPELINE", "as_one_call", "note_queued", "running_piped"]

_Gen = Generator[Any, Any, Any]


@contextmanager
def as_one_call(connection: Any) -> Iterator[None]:
    """The pipeline within is that of an `executemany`, which is noted as a whole."""
    vars(connection)["_timetracer_many"] = True
    try:
        yield
    finally:
        vars(connection).pop("_timetracer_many", None)


class _Pipe:
    """The calls that wait in a pipeline, by their number among all that was put into it.

    `moment` counts the times at which answers may come: how early one does is the network's.
    """

    __slots__ = ("calls", "moment", "prepared", "processed")

    def __init__(self) -> None:
        self.processed = 0
        self.moment = 0
        self.calls: dict[int, Call] = {}
        self.prepared: dict[int, int] = {}

    def __del__(self) -> None:
        for call in self.calls.values():  # the connection was lost before they were answered
            call.abandon()


def _pipe_of(pipeline: Any) -> _Pipe:
    found: _Pipe = vars(pipeline).setdefault("_timetracer_pipe", _Pipe())
    return found


def running_piped(original: Callable[..., _Gen], cursor: Any, pgq: Any, keywords: Any) -> _Gen:
    """`_maybe_prepare_gen` in a pipeline: the statement is put into it."""
    connection = cursor._conn
    call: Call | None = None
    before = len(connection._pipeline.result_queue)
    with guarded("psycopg statement"):
        origin = None if "_timetracer_many" in vars(connection) else origin_of(connection)
        if origin is not None:
            call = origin.begin("execute", *form_left_at(connection, pgq))
    try:
        returned = yield from original(cursor, pgq, **keywords)
    except BaseException as error:
        with guarded("psycopg error"):
            if call is not None:
                call.failed(error, "execute")
        raise
    with guarded("psycopg pipeline"):
        if call is not None:
            prepared = len(connection._pipeline.result_queue) - before > 1
            note_queued(connection._pipeline, call, prepared=prepared)
    return returned


def note_queued(pipeline: Any, call: Call, *, prepared: bool = False) -> None:
    """`call` is the last in the pipeline; its preparation, if there is one, the last but one."""
    pipe = _pipe_of(pipeline)
    number = pipe.processed + len(pipeline.result_queue) - 1
    pipe.calls[number] = call
    if prepared:
        pipe.prepared[number - 1] = number


def _processing(original: Callable[..., Any]) -> Callable[..., Any]:
    """An answer has come, to the first that waits."""

    @wraps(original)
    def _process_results(self: Any, queued: Any, results: Any) -> Any:
        call: Call | None = None
        pipe = _pipe_of(self)
        number = pipe.processed
        pipe.processed += 1
        try:
            returned = original(self, queued, results)
        except BaseException as error:
            with guarded("psycopg pipeline"):
                stage = "execute"
                if number in pipe.prepared:
                    number, stage = pipe.prepared.pop(number), "prepare"
                call = pipe.calls.pop(number, None)
                if call is not None:
                    call.answer.extra.update(moment=pipe.moment, stage=stage)
                    call.broke_off(error)
            raise
        with guarded("psycopg pipeline"):
            pipe.prepared.pop(number, None)
            call = pipe.calls.pop(number, None)
            if call is not None:
                call.answer.extra["moment"] = pipe.moment
                note_results(call, self._conn, results)
        return returned

    return _process_results


def _passing_time(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    @wraps(original)
    def generate(self: Any, *args: Any, **keywords: Any) -> _Gen:
        _pipe_of(self).moment += 1
        return (yield from original(self, *args, **keywords))

    return generate


_BASE = "psycopg._pipeline_base:BasePipeline"

PIPELINE = (
    Patch(f"{_BASE}._process_results", _processing),
    Patch(f"{_BASE}._communicate_gen", _passing_time),
    Patch(f"{_BASE}._fetch_gen", _passing_time),
)
