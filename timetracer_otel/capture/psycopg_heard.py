"""What PostgreSQL says to a connection of psycopg's unasked: notices and notifications."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg_results import connection_of, origin_of
from timetracer_otel.dbapi_classes import noted_question
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["HEARD"]

_Gen = Generator[Any, Any, Any]


def _hearing(original: Any) -> Any:
    function = original.__func__

    @wraps(function)
    def _notify_handler(wself: Any, pgn: Any) -> Any:
        with guarded("psycopg notification"):
            connection = wself()
            if connection is not None and origin_of(connection) is not None:
                _keep(connection, "notifies", _said(pgn))
        return function(wself, pgn)

    return staticmethod(_notify_handler)


def _said(pgn: Any) -> list[Any]:
    channel, payload = pgn.relname.decode("utf-8", "replace"), pgn.extra.decode("utf-8", "replace")
    return [channel, payload, pgn.be_pid]


def _keep(connection: Any, what: str, said: Any) -> None:
    """For the next answer: it came before that."""
    vars(connection).setdefault(f"_timetracer_{what}", []).append(said)


def _noticing(original: Any) -> Any:
    function = original.__func__

    @wraps(function)
    def _notice_handler(wself: Any, res: Any) -> Any:
        with guarded("psycopg notice"):
            connection = wself()
            is_heard = connection is not None and connection._notice_handlers
            if is_heard and origin_of(connection) is not None:
                _keep(connection, "notices", _fields(res))
        return function(wself, res)

    return staticmethod(_notice_handler)


def _fields(result: Any) -> list[list[Any]]:
    from psycopg.pq import DiagnosticField

    found = [(int(field), result.error_field(field)) for field in DiagnosticField]
    return [[number, text.decode("utf-8", "replace")] for number, text in found if text is not None]


def _listening(original: Callable[..., _Gen]) -> Callable[..., _Gen]:
    """One wait of `Connection.notifies`; who stops waiting has heard nothing."""

    @wraps(original)
    def notifies(pgconn: Any) -> _Gen:
        heard: Any = None
        try:
            heard = yield from original(pgconn)
            return heard
        finally:
            with guarded("psycopg notifications"):
                connection = connection_of(pgconn)
                looks_again = heard is not None and not heard  # 3.2, ten times a second
                noted = connection is not None and not looks_again
                origin = origin_of(connection) if noted else None
                call = origin.begin("notifies") if origin is not None else None
                if call is not None:
                    handled = vars(connection).pop("_timetracer_notifies", None) is not None
                    call.answer.extra["handled"] = handled
                    call.returned([_said(pgn) for pgn in heard] if heard is not None else None)

    return notifies


def _telling_process(original: Any) -> Any:
    """The number of the server's process: another one for each connection."""

    def backend_pid(self: Any) -> Any:
        origin = None
        with guarded("psycopg process"):
            connection = connection_of(self.pgconn)
            origin = origin_of(connection) if connection is not None else None
        return noted_question(origin, ("backend_pid", "", None), lambda: original.__get__(self))

    return property(backend_pid)


HEARD = (
    Patch("psycopg._connection_base:BaseConnection._notify_handler", _hearing),
    Patch("psycopg._connection_base:BaseConnection._notice_handler", _noticing),
    Patch("psycopg.connection:notifies", _listening),
    Patch("psycopg.connection_async:notifies", _listening),
    Patch("psycopg._connection_info:ConnectionInfo.backend_pid", _telling_process),
)
