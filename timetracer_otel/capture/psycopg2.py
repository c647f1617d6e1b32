"""psycopg2: used directly, and under SQLAlchemy, which has a proxy around its connections.

Its connections and cursors are classes in C, and its functions in C insist on them: ours is put
between those and whatever class the application uses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import metadata
from typing import Any

from timetracer_otel.capture.psycopg2_parts import psycopg2_origin
from timetracer_otel.dbapi import RecordingConnection, RecordingCursor
from timetracer_otel.dbapi_calls import place_of_connecting
from timetracer_otel.dbapi_classes import under
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded

__all__ = ["LIBRARY"]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _connect(dsn: Any, connection_factory: Any = None, **keywords: Any) -> Any:
        if active_recorder() is None or owned() not in {"", "aiopg"}:
            return original(dsn, connection_factory=connection_factory, **keywords)
        with guarded("psycopg2 connect"):
            connection_factory = _recording(connection_factory)
        try:
            return original(dsn, connection_factory=connection_factory, **keywords)
        except Exception as error:
            with guarded("psycopg2 connect"):
                call = psycopg2_origin(dsn).begin("connect", "", place_of_connecting())
                if call is not None:
                    call.failed(error, "connect")
            raise

    return _connect


def _recording(factory: Any) -> Any:
    from timetracer_otel.capture.psycopg2_classes import connection_class

    if factory is None or isinstance(factory, type):
        kind: Any = factory or connection_class().__base__
        return under(kind, connection_class())
    return factory  # a function: whatever it makes is its own


def _unwrapping(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def call(*args: Any) -> Any:
        return original(*[_real(argument) for argument in args])

    return call


def _real(value: Any) -> Any:
    proxied = isinstance(value, RecordingConnection | RecordingCursor)
    return value.__wrapped__ if proxied else value


def _distribution() -> str:
    """The package under whose name it is installed: built from source, or with libpq in it."""
    try:
        metadata.version("psycopg2")
    except metadata.PackageNotFoundError:
        return "psycopg2-binary"
    return "psycopg2"


register_database_errors()

LIBRARY = Library(
    name="psycopg2",
    protocol="sql",
    module="psycopg2",
    distribution=_distribution(),
    versions=">=2.9",
    changes=(
        Patch("psycopg2:_connect", _connecting),
        Patch("psycopg2.extensions:register_type", _unwrapping),
        Patch("psycopg2.extensions:quote_ident", _unwrapping),
    ),
    instrumentor=Instrumentor(
        entry_point="psycopg2",
        class_name="Psycopg2Instrumentor",
        distribution="opentelemetry-instrumentation-psycopg2",
    ),
)
