"""mysqlclient: its connections stand on a class that answers from the recording, instead of C's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.mysqlclient import LIBRARY as CAPTURED
from timetracer_otel.dbapi_classes import under
from timetracer_otel.mysql_calls import executing, statement_given
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.replay.database_answers import raise_recorded_refusal
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]


def _making(original: Callable[..., Any]) -> Any:
    @wraps(original)
    def __new__(cls: Any, *args: Any, **keywords: Any) -> Any:  # noqa: N807
        if owned() or not serving("mysqlclient"):
            return original(cls, *args, **keywords)
        from timetracer_otel.replay.mysqlclient_classes import connection_class

        return original(under(cls, connection_class()), *args, **keywords)

    return staticmethod(__new__)


def _is_replayed(connection: Any) -> bool:
    return "_replayed_facts" in vars(connection)


def _connecting(original: Callable[..., None]) -> Callable[..., None]:
    """What it is asked from here on is the request's."""

    @wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        vars(self)["_replayed_given"] = keywords
        original(self, *args, **keywords)
        if _is_replayed(self):
            self._replayed_origin.scope = "trace"

    return __init__


def _querying(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def query(self: Any, query: Any) -> Any:
        if not _is_replayed(self):
            return original(self, query)
        return self._replayed_query(*statement_given(self, query))

    return query


def _committing_by_itself(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def autocommit(self: Any, on: Any) -> Any:
        if not _is_replayed(self):
            return original(self, on)
        self._replayed_must_be_open()
        raise_recorded_refusal(self._replayed_origin, "autocommit")
        self._replayed_autocommit = bool(on)
        return None

    return autocommit


_CONNECTION = "MySQLdb.connections:Connection"

LIBRARY = CAPTURED.in_replay(
    changes=(
        WhenImported(
            "MySQLdb.connections",
            (
                Patch(f"{_CONNECTION}.__new__", _making),
                Patch(f"{_CONNECTION}.__init__", _connecting),
                Patch(f"{_CONNECTION}.query", _querying),
                Patch(f"{_CONNECTION}.autocommit", _committing_by_itself),
            ),
        ),
        WhenImported("MySQLdb.cursors", (Patch("MySQLdb.cursors:BaseCursor.execute", executing),)),
    ),
)
