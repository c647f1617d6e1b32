"""sqlite3 used directly: its connections and cursors in C, with a class of ours between."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.sqlite3_classes import connection_class, sqlite_origin
from timetracer_otel.capture.sqlite3_converters import registering
from timetracer_otel.dbapi_calls import place_of_connecting
from timetracer_otel.dbapi_classes import under
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.local_databases import is_left_alone
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded

__all__ = ["LIBRARY", "factory_of", "is_nothing_of_ours", "with_factory"]

_FACTORY = 5
"""The place of `factory` among the arguments of `connect`."""

_MACHINERY = frozenset(("coverage",))
"""Packages that watch the application and keep what they find in a database of their own."""


def is_nothing_of_ours(args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Whether who connects is no part of the application, or the database is the test's own."""
    caller: Any = sys._getframe(2)
    if str(caller.f_globals.get("__name__")).partition(".")[0] in _MACHINERY:
        return True
    with guarded("sqlite3 connect"):
        return is_left_alone(args[0] if args else keywords.get("database"))
    return False


def factory_of(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """The class that a connection is to be of."""
    given = args[_FACTORY] if len(args) > _FACTORY else keywords.get("factory")
    return given if given is not None else sys.modules["sqlite3"].Connection


def with_factory(
    args: tuple[Any, ...], keywords: dict[str, Any], factory: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of `connect`, for a connection of another class."""
    if len(args) > _FACTORY:
        return (*args[:_FACTORY], factory, *args[_FACTORY + 1 :]), keywords
    return args, {**keywords, "factory": factory}


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connect(*args: Any, **keywords: Any) -> Any:
        if active_recorder() is None or owned() or is_nothing_of_ours(args, keywords):
            return original(*args, **keywords)
        given, named = args, keywords
        with guarded("sqlite3 connect"):
            factory = factory_of(args, keywords)
            if isinstance(factory, type):
                given, named = with_factory(args, keywords, under(factory, connection_class()))
        try:
            return original(*given, **named)
        except Exception as error:
            with guarded("sqlite3 connect"):
                origin = sqlite_origin(args[0] if args else keywords.get("database"))
                call = origin.begin("connect", "", place_of_connecting())
                if call is not None:
                    call.failed(error, "connect")
            raise

    return connect


register_database_errors()

LIBRARY = Library(
    name="sqlite3",
    protocol="sql",
    module="sqlite3",
    distribution="",
    versions="",
    changes=(
        Patch("sqlite3:connect", _connecting),
        Patch("sqlite3.dbapi2:connect", _connecting),
        Patch("sqlite3:register_converter", registering),
        Patch("sqlite3.dbapi2:register_converter", registering),
    ),
    instrumentor=Instrumentor(
        entry_point="sqlite3",
        class_name="SQLite3Instrumentor",
        distribution="opentelemetry-instrumentation-sqlite3",
    ),
)
