"""psycopg2 under SQLAlchemy: functions in C that want a real connection, and its diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.psycopg2 import LIBRARY as CAPTURED
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import recorded_diagnostics
from timetracer_otel.replay.dbapi import RecordedConnection, RecordedCursor

__all__ = ["LIBRARY"]


def _registering(original: Callable[..., Any]) -> Callable[..., Any]:
    """Recorded rows are converted already."""

    @wraps(original)
    def register_type(kind: Any, scope: Any = None) -> Any:
        if isinstance(scope, RecordedConnection | RecordedCursor):
            return None
        return original(kind) if scope is None else original(kind, scope)

    return register_type


def _quoting(original: Callable[..., Any]) -> Callable[..., Any]:
    """As `PQescapeIdentifier` does in UTF-8."""

    @wraps(original)
    def quote_ident(text: Any, scope: Any) -> Any:
        if not isinstance(scope, RecordedConnection | RecordedCursor):
            return original(text, scope)
        return '"' + str(text).replace('"', '""') + '"'

    return quote_ident


def _diagnosing(original: Any) -> Any:
    def diag(self: Any) -> Any:
        return recorded_diagnostics(self) or original.__get__(self)

    return property(diag)


LIBRARY = CAPTURED.in_replay(
    changes=(
        Patch("psycopg2.extensions:register_type", _registering),
        Patch("psycopg2.extensions:quote_ident", _quoting),
        # `psycopg2.Error` itself is a static type of C, whose attributes cannot be set
        Patch("psycopg2:DatabaseError.diag", _diagnosing),
    ),
)
