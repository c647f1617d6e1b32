"""asyncpg used directly: seen at the protocol that its connections speak through."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from timetracer_otel.capture.asyncpg_protocol import (
    Asking,
    RecordingProtocol,
    server_of,
    setting_up,
)
from timetracer_otel.capture.postgresql import SETTINGS
from timetracer_otel.dbapi_calls import Apart
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.protocols.sql import SqlRequestRef, SqlResponseRef
from timetracer_otel.recording import active_recorder, begin, guarded

__all__ = ["LIBRARY", "connecting_to"]


def _beginning(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, protocol: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        if active_recorder() is not None and not owned():
            with guarded("asyncpg connect"):
                _, _, addr, _, params = args
                calling = Asking(server_of(addr, params))
                _note_connection(protocol, calling)
                protocol = RecordingProtocol(protocol, calling)
        original(self, protocol, *args, **keywords)

    return __init__


def _note_connection(protocol: Any, calling: Asking) -> None:
    """What the server says of itself, for the connections of a replay."""
    draft = begin("sql", "asyncpg", calling("connect"), scope="bootstrap")
    if draft is not None:
        settings = protocol.get_settings()
        told = {name: getattr(settings, name, None) for name in SETTINGS}
        known = {name: value for name, value in told.items() if value is not None}
        draft.answered(SqlResponseRef(extra={"settings": known}))


def connecting_to(named: Mapping[str, Any]) -> SqlRequestRef:
    """The call that opens a connection, from the arguments of asyncpg's own function."""
    params = named["params"]
    return Asking(server_of(named["addr"], params))("connect", f"as {params.user}")


def _connecting(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A connection that cannot be opened is an answer too, of the request that wanted it."""
    signature = inspect.signature(original)

    @wraps(original)
    async def connect(*args: Any, **keywords: Any) -> Any:
        try:
            with Apart():
                return await original(*args, **keywords)
        except BaseException as error:
            with guarded("asyncpg connect"):
                if not owned() and not type(error).__name__.endswith("Signal"):
                    ref = connecting_to(signature.bind(*args, **keywords).arguments)
                    draft = begin("sql", "asyncpg", ref)
                    if draft is not None:
                        draft.failed(error, "connect")
            raise

    return connect


def _preparing(original: Callable[..., None]) -> Callable[..., None]:
    """What a statement takes and gives may be asked for, even if it is never executed."""

    @wraps(original)
    def __init__(self: Any, connection: Any, query: Any, state: Any) -> None:  # noqa: N807
        original(self, connection, query, state)
        if isinstance(connection._protocol, RecordingProtocol):
            with guarded("asyncpg prepare"):
                ref = connection._protocol._self_calling("describe", query)
                draft = begin("sql", "asyncpg", ref, scope="bootstrap")
                if draft is not None:
                    draft.answered(SqlResponseRef(extra=_described(state)))

    return __init__


def _described(state: Any) -> dict[str, object]:
    """The types by number: PostgreSQL's own are the same everywhere, others are asked for."""
    return {
        "parameters": [kind.oid for kind in state._get_parameters()],
        "columns": [[column.name, column.type.oid] for column in state._get_attributes()],
    }


def _notifying(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def process(self: Any, pid: Any, channel: Any, payload: Any) -> Any:
        if isinstance(self._protocol, RecordingProtocol):
            with guarded("asyncpg notification"):
                self._protocol._self_notified(pid, channel, payload)
        return original(self, pid, channel, payload)

    return process


register_database_errors()

_CONNECTION = "asyncpg.connection:Connection"

LIBRARY = Library(
    name="asyncpg",
    protocol="sql",
    module="asyncpg",
    distribution="asyncpg",
    versions=">=0.29",
    requires_span=True,
    changes=(
        Patch(f"{_CONNECTION}.__init__", _beginning),
        Patch("asyncpg.connect_utils:__connect_addr", _connecting),
        Patch("asyncpg.prepared_stmt:PreparedStatement.__init__", _preparing),
        Patch(f"{_CONNECTION}._process_notification", _notifying),
        Patch(f"{_CONNECTION}.reset", setting_up),
        Patch(f"{_CONNECTION}._introspect_types", setting_up),
        Patch(f"{_CONNECTION}._introspect_type", setting_up),
        PatchIfPresent("asyncpg.pool:PoolConnectionHolder.connect", setting_up),
    ),
    instrumentor=Instrumentor(
        entry_point="asyncpg",
        class_name="AsyncPGInstrumentor",
        distribution="opentelemetry-instrumentation-asyncpg",
    ),
)
