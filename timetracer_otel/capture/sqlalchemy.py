"""SQLAlchemy over any driver: seen at the DB-API connections that its pools open."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.dbapi import Origin, RecordingConnection
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded

__all__ = ["LIBRARY", "SYSTEMS", "Creator", "creator_of"]

SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db"}
"""OTel's ``db.system.name`` where it differs from the dialect's name."""


class Creator:
    """A pool's function that opens connections, with the recording around what it opens."""

    def __init__(self, open_connection: Callable[..., Any], pool: Any) -> None:
        self.open_connection = open_connection
        self._pool = pool

    def __call__(self, *args: Any) -> Any:
        if active_recorder() is None:
            return self.open_connection(*args)
        origin = None
        with guarded("sqlalchemy connect"):
            dialect = self._pool._dialect
            system = SYSTEMS.get(dialect.name, dialect.name)
            origin = Origin(library="sqlalchemy", system=system, driver=dialect.driver)
            origin.scope = "bootstrap"
        if origin is None:
            return self.open_connection(*args)
        return RecordingConnection(self._open(origin, args), origin)

    def _open(self, origin: Origin, args: tuple[Any, ...]) -> Any:
        """A connection that cannot be opened is an answer too, of the request that wanted it."""
        try:
            return self.open_connection(*args)
        except Exception as error:
            with guarded("sqlalchemy connect"):
                origin.scope = "trace"
                call = origin.begin("connect")
                if call is not None:
                    call.failed(error, "connect")
            raise


def creator_of(pool: Any) -> Creator:
    """The pool's creator, put in place on the pool's first connection after we came."""
    present = pool._invoke_creator
    if isinstance(present, Creator):
        return present
    made = Creator(present, pool)
    pool._invoke_creator = made
    return made


def _connecting(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """All connect events run inside: until it returns, the traffic is the connection's own."""

    @wraps(original)
    def connect(self: Any) -> None:
        with guarded("sqlalchemy pool"):
            creator_of(self._ConnectionRecord__pool)
        original(self)
        with guarded("sqlalchemy pool"):
            if isinstance(self.dbapi_connection, RecordingConnection):
                self.dbapi_connection._self_origin.scope = "trace"

    return connect


def _pinging(original: Callable[..., bool]) -> Callable[..., bool]:
    """Whether a pool pings depends on its age, not on the request."""

    @wraps(original)
    def ping(self: Any, dbapi_connection: Any) -> bool:
        if not isinstance(dbapi_connection, RecordingConnection):
            return original(self, dbapi_connection)
        with dbapi_connection._self_origin.setting_up():
            return original(self, dbapi_connection)

    return ping


register_database_errors()

LIBRARY = Library(
    name="sqlalchemy",
    protocol="sql",
    module="sqlalchemy",
    distribution="sqlalchemy",
    versions=">=2.0.30,<3",
    changes=(
        Patch("sqlalchemy.pool.base:_ConnectionRecord._ConnectionRecord__connect", _connecting),
        Patch("sqlalchemy.engine.default:DefaultDialect._do_ping_w_event", _pinging),
    ),
    instrumentor=Instrumentor(
        entry_point="sqlalchemy",
        class_name="SQLAlchemyInstrumentor",
        distribution="opentelemetry-instrumentation-sqlalchemy",
    ),
)
