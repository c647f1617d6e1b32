"""psycopg2: connections and cursors that are of its classes, and answer from the recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg2 import LIBRARY as CAPTURED
from timetracer_otel.capture.psycopg2_parts import psycopg2_origin
from timetracer_otel.dbapi_classes import under
from timetracer_otel.errors import CannotReplay
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import recorded_diagnostics
from timetracer_otel.replay.database_answers import raise_recorded_refusal
from timetracer_otel.replay.dbapi import RecordedConnection, RecordedCursor
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _connect(dsn: Any, connection_factory: Any = None, **keywords: Any) -> Any:
        library = owned() or "psycopg2"
        if library not in {"psycopg2", "aiopg"} or not serving(library):
            return original(dsn, connection_factory=connection_factory, **keywords)
        from timetracer_otel.replay.psycopg2_classes import connection_class

        if not any(keywords.values()):  # an asynchronous one is refused when it is polled
            raise_recorded_refusal(psycopg2_origin(dsn))
        kind = connection_factory or connection_class().__base__
        if not isinstance(kind, type):
            reason = "a connection that a function of the application's own makes is not recorded"
            raise CannotReplay(subject="psycopg2.connect", reason=reason)
        return under(kind, connection_class())(dsn, any(keywords.values()))

    return _connect


def _is_recorded(scope: Any) -> bool:
    if isinstance(scope, RecordedConnection | RecordedCursor):
        return True
    from psycopg2.extensions import cursor

    connection = scope.connection if isinstance(scope, cursor) else scope
    return hasattr(connection, "_replayed_facts")


def _registering(original: Callable[..., Any]) -> Callable[..., Any]:
    """Recorded rows are converted already."""

    @wraps(original)
    def register_type(kind: Any, scope: Any = None) -> Any:
        if scope is not None and _is_recorded(scope):
            return None
        return original(kind) if scope is None else original(kind, scope)

    return register_type


def _quoting(original: Callable[..., Any]) -> Callable[..., Any]:
    """As `PQescapeIdentifier` does in UTF-8."""

    @wraps(original)
    def quote_ident(text: Any, scope: Any) -> Any:
        if not _is_recorded(scope):
            return original(text, scope)
        return '"' + str(text).replace('"', '""') + '"'

    return quote_ident


def _writing_literals(original: Callable[..., Any]) -> Callable[..., Any]:
    """As with a connection in UTF-8: what quotes in C would look into one that is none."""

    @wraps(original)
    def as_string(self: Any, context: Any = None) -> Any:
        if context is None or not _is_recorded(context):
            return original(self, context)
        from psycopg2.extensions import adapt

        adapted = adapt(self.wrapped)
        if hasattr(adapted, "encoding"):
            adapted.encoding = "utf-8"
        return adapted.getquoted().decode()

    return as_string


def _diagnosing(original: Any) -> Any:
    def diag(self: Any) -> Any:
        return recorded_diagnostics(self) or original.__get__(self)

    return property(diag)


LIBRARY = CAPTURED.in_replay(
    changes=(
        Patch("psycopg2:_connect", _connecting),
        Patch("psycopg2.extensions:register_type", _registering),
        Patch("psycopg2.extensions:quote_ident", _quoting),
        Patch("psycopg2.sql:Literal.as_string", _writing_literals),
        # `psycopg2.Error` itself is a static type of C, whose attributes cannot be set
        Patch("psycopg2:DatabaseError.diag", _diagnosing),
    ),
)
