"""SQLAlchemy over any driver: seen at the DB-API connections that its pools open."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import wrapt

from timetracer_otel.dbapi import Origin, RecordingConnection, RecordingCursor
from timetracer_otel.dbapi_calls import Apart, place_of_connecting
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.local_databases import is_in_memory, is_left_alone
from timetracer_otel.ownership import owning
from timetracer_otel.patching import Patch, PatchIfPresent, WhenImported
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded

__all__ = [
    "LIBRARY",
    "NAMING",
    "TELEMETRY",
    "Creator",
    "is_local",
    "makes_connections_itself",
    "origin_of",
]

_SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db"}
"""OTel's ``db.system.name`` where it differs from the dialect's name."""

_ADDRESSES: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""Where an engine's connections go, by its dialect: pools know no URL, and are replaced."""

_IN_MEMORY: WeakSet[Any] = WeakSet()
"""The dialects of engines over SQLite whose URL says that it is in memory."""


def is_local(pool: Any) -> bool:
    """Whether a pool's connections are to a database that is left to itself now."""
    return pool._dialect in _IN_MEMORY and is_left_alone("")


def origin_of(pool: Any) -> Origin:
    """Where the calls of a pool's connections come from."""
    dialect = pool._dialect
    origin = Origin(
        library="sqlalchemy",
        system=_SYSTEMS.get(dialect.name, dialect.name),
        driver=dialect.driver,
        server=_ADDRESSES.get(dialect) or _name_of_creator(pool._creator),
    )
    origin.asynchronous = dialect.is_async
    return origin


def _name_of_creator(creator: Any) -> str:
    """An engine without an address in its URL is told from others by the function it was given."""
    if makes_connections_itself(creator):
        return ""
    return f"{getattr(creator, '__module__', '')}:{getattr(creator, '__qualname__', '')}"


def makes_connections_itself(creator: Any) -> bool:
    """Whether a pool's creator is SQLAlchemy's own, which asks the dialect to connect."""
    return getattr(creator, "__module__", "") == "sqlalchemy.engine.create"


def _address(url: Any) -> str:
    """Host, port and database as the application wrote them; no user, no password."""
    host = url.host or ",".join(_texts(url.query.get("host")))
    if not (host or url.database):
        return ""
    port = f":{url.port}" if url.port else ""
    database = url.database or ""
    return f"{host}{port}/{database}" if host else database


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def note_address(engine: Any) -> None:
    """Where `engine` connects to, for one that was made before it could be seen."""
    if engine.dialect not in _ADDRESSES:
        _note_url(engine)


def _note_url(engine: Any) -> None:
    dialect, url = engine.dialect, engine.url
    _ADDRESSES[dialect] = _address(url)
    # a creator of the application's own opens what it likes, whatever the URL says
    if dialect.name == "sqlite" and makes_connections_itself(engine.pool._creator):
        mode = ",".join(_texts(url.query.get("mode")))
        if is_in_memory(f"{url.database or ''}?mode={mode}" if mode else url.database or ""):
            _IN_MEMORY.add(dialect)


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
            if not is_local(self._pool):
                origin = origin_of(self._pool)
                origin.scope = "bootstrap"
        if origin is None:
            return self.open_connection(*args)
        with owning("sqlalchemy"):
            opened = self._open(origin, args)
        if isinstance(opened, RecordingConnection):  # the driver's own capture was there first
            opened = opened.__wrapped__
        return RecordingConnection(opened, origin)

    def _open(self, origin: Origin, args: tuple[Any, ...]) -> Any:
        """A connection that cannot be opened is an answer too, of the request that wanted it."""
        try:
            if not origin.asynchronous:
                return self.open_connection(*args)
            with Apart():
                return self.open_connection(*args)
        except Exception as error:
            with guarded("sqlalchemy connect"):
                origin.scope = "trace"
                call = origin.begin("connect", "", place_of_connecting())
                if call is not None:
                    call.failed(error, "connect")
            raise


def _creating(original: Callable[..., None]) -> Any:
    """`create_engine` finds its options in the code of ``__init__``, which wrapt shows it."""

    def init(original: Any, engine: Any, args: Any, keywords: Any) -> None:
        original(*args, **keywords)
        with guarded("sqlalchemy engine"):
            _note_url(engine)

    return wrapt.FunctionWrapper(original, init)


def _connecting(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """All connect events run inside: until it returns, the traffic is the connection's own."""

    @wraps(original)
    def connect(self: Any) -> None:
        with guarded("sqlalchemy pool"):
            pool = self._ConnectionRecord__pool
            if not isinstance(pool._invoke_creator, Creator):
                pool._invoke_creator = Creator(pool._invoke_creator, pool)
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


def _looking_up_types(original: Callable[..., Any]) -> Callable[..., Any]:
    """The dialects of psycopg look hstore up past their own connection, if that is asynchronous."""

    @wraps(original)
    def fetch(self: Any, connection: Any, name: str) -> Any:
        found = original(self, connection, name)
        with guarded("sqlalchemy types"):
            opened = connection.connection.dbapi_connection
            if isinstance(opened, RecordingConnection):
                call = opened._self_origin.begin("type_info", "", [name])
                if call is not None:
                    call.returned(_fields(found))
        return found

    return fetch


def _fields(info: Any) -> Any:
    return None if info is None else [info.name, info.oid, info.array_oid, info.regtype]


def _naming_database(original: Callable[..., Any]) -> Callable[..., Any]:
    """What telemetry reads of a connection is no question of the application's."""

    @wraps(original)
    def name(vendor: Any, connection: Any, cursor: Any) -> Any:
        raw = cursor.__wrapped__ if isinstance(cursor, RecordingCursor) else cursor
        return original(vendor, connection, raw)

    return name


TELEMETRY = "opentelemetry.instrumentation.sqlalchemy.engine"
NAMING = "_get_db_name_from_cursor_or_conn"
"""Before each statement the instrumentor asks the driver's connection for its database."""

_PSYCOPG = "sqlalchemy.dialects.postgresql.psycopg"


class _AsyncEnginesFirst:
    """Have the module of async engines imported before the instrumentor wraps `create_engine`.

    It takes that function by its name. Imported later (the instrumentor itself does, at last) it
    takes the wrapped one: each async engine is then traced twice, and of the two spans of a
    statement one never ends, which holds its trace open.
    """

    def apply(self) -> Callable[[], None]:
        with suppress(ImportError):  # without greenlet there are none
            importlib.import_module("sqlalchemy.ext.asyncio.engine")
        return lambda: None


register_database_errors()

LIBRARY = Library(
    name="sqlalchemy",
    protocol="sql",
    module="sqlalchemy",
    distribution="sqlalchemy",
    versions=">=2.0.30,<3",
    changes=(
        _AsyncEnginesFirst(),
        Patch("sqlalchemy.engine.base:Engine.__init__", _creating),
        Patch("sqlalchemy.pool.base:_ConnectionRecord._ConnectionRecord__connect", _connecting),
        Patch("sqlalchemy.engine.default:DefaultDialect._do_ping_w_event", _pinging),
        WhenImported(TELEMETRY, (PatchIfPresent(f"{TELEMETRY}:{NAMING}", _naming_database),)),
        WhenImported(
            _PSYCOPG,
            (
                Patch(f"{_PSYCOPG}:PGDialect_psycopg._type_info_fetch", _looking_up_types),
                Patch(f"{_PSYCOPG}:PGDialectAsync_psycopg._type_info_fetch", _looking_up_types),
            ),
        ),
    ),
    instrumentor=Instrumentor(
        entry_point="sqlalchemy",
        class_name="SQLAlchemyInstrumentor",
        distribution="opentelemetry-instrumentation-sqlalchemy",
    ),
)
