"""sqlite3: connections to an empty database in memory, which answer from the recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.sqlite3 import LIBRARY as CAPTURED
from timetracer_otel.capture.sqlite3 import factory_of, is_nothing_of_ours, with_factory
from timetracer_otel.capture.sqlite3_classes import sqlite_origin
from timetracer_otel.dbapi_classes import under
from timetracer_otel.errors import CannotReplay
from timetracer_otel.libraries import Library
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.replay.database_answers import raise_recorded_refusal
from timetracer_otel.replay.sessions import serving
from timetracer_otel.replay.sqlite3_classes import connection_class
from timetracer_otel.replay.sqlite3_direct import NoDirectConnections, passing

__all__ = ["LIBRARY"]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connect(*args: Any, **keywords: Any) -> Any:
        if owned() or not serving("sqlite3") or is_nothing_of_ours(args, keywords):
            with passing():
                return original(*args, **keywords)
        factory = factory_of(args, keywords)
        if not isinstance(factory, type):
            reason = "a connection that a function of the application's own makes is not recorded"
            raise CannotReplay(subject="sqlite3.connect", reason=reason)
        raise_recorded_refusal(sqlite_origin(args[0] if args else keywords.get("database")))
        given, named = with_factory(args, keywords, under(factory, connection_class()))
        return original(*given, **named)

    return connect


LIBRARY = Library(
    name="sqlite3",
    protocol="sql",
    module="sqlite3",
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=(
        Patch("sqlite3:connect", _connecting),
        Patch("sqlite3.dbapi2:connect", _connecting),
        NoDirectConnections(),
    ),
    instrumentor=CAPTURED.instrumentor,
)
