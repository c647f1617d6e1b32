"""psycopg2 under SQLAlchemy: its C functions want the real connection under our proxy."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.dbapi import RecordingConnection, RecordingCursor
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch

__all__ = ["LIBRARY"]


def _unwrapping(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def call(*args: Any) -> Any:
        return original(*[_real(argument) for argument in args])

    return call


def _real(value: Any) -> Any:
    proxied = isinstance(value, RecordingConnection | RecordingCursor)
    return value.__wrapped__ if proxied else value


LIBRARY = Library(
    name="psycopg2",
    protocol="sql",
    module="psycopg2",
    distribution="psycopg2-binary",
    versions=">=2.9",
    extra="sqlalchemy",
    changes=(
        Patch("psycopg2.extensions:register_type", _unwrapping),
        Patch("psycopg2.extensions:quote_ident", _unwrapping),
    ),
)
