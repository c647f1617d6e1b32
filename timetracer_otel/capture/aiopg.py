"""aiopg: its connections are psycopg2's asynchronous ones, and recorded there, under its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.dbapi_calls import Apart
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.ownership import owned, owning
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY", "standing_on_psycopg2"]


def standing_on_psycopg2(original: Callable[..., None]) -> Callable[..., None]:
    """The connection that psycopg2 makes within is aiopg's."""

    @wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        if owned():
            original(self, *args, **keywords)
            return
        with owning("aiopg"):
            original(self, *args, **keywords)

    return __init__


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    """What it asks by itself as it is opened (the numbers of types) is no request's."""

    @wraps(original)
    async def _connect(self: Any) -> Any:
        origin = None
        with guarded("aiopg connect"):
            origin = getattr(self._conn, "_timetracer_origin", None)
            if origin is not None:
                origin.scope = "bootstrap"
        try:
            with Apart():
                return await original(self)
        finally:
            if origin is not None:
                origin.scope = "trace"

    return _connect


register_database_errors()

LIBRARY = Library(
    name="aiopg",
    protocol="sql",
    module="aiopg",
    distribution="aiopg",
    versions=">=1.4",
    changes=(
        Patch("aiopg.connection:Connection.__init__", standing_on_psycopg2),
        Patch("aiopg.connection:Connection._connect", _opening),
    ),
    instrumentor=Instrumentor(
        entry_point="aiopg",
        class_name="AiopgInstrumentor",
        distribution="opentelemetry-instrumentation-aiopg",
    ),
)
