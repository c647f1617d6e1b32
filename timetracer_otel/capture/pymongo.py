"""PyMongo and Motor: seen where a connection of the pool sends and receives whole messages.

All clients pass there, whatever their options for BSON. The span is the command listener's, which
is not current while the call runs: calls are given theirs afterwards, by time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any

from timetracer_otel.capture.draws import TELEMETRY
from timetracer_otel.capture.pymongo_wire import WIRES, Wire, end_of, failed_to
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Change, Patch, PatchIfPresent
from timetracer_otel.protocols.mongodb import register_mongodb_errors
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.recording.flow import CURRENT_FLOW, step_aside

__all__ = ["LIBRARY", "MODULES"]

_BACKGROUND = frozenset({"endSessions", "killCursors"})


# -- messages -------------------------------------------------------------------------------------


def _beginning(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, conn: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        original(self, conn, *args, **keywords)
        with guarded("pymongo connection"):
            self._timetracer_wire = WIRES[end_of(conn)] = Wire(self)

    return __init__


def _asked(end: Any, message: bytes) -> Wire | None:
    try:
        wire = WIRES.get(end)
        if wire is not None:
            wire.asks(message)
    except Exception:  # counted and logged once; the call goes on
        with guarded("pymongo send"):
            raise
        return None
    return wire


def _sent(wire: Wire | None) -> None:
    if wire is not None and wire.quiet:
        with guarded("pymongo send"):
            wire.sent()


def _got(wire: Wire | None, reply: Any) -> None:
    if wire is not None:
        try:
            wire.got(reply)
        except Exception:  # as above
            with guarded("pymongo receive"):
                raise


def _broke(wire: Wire | None, error: BaseException, stage: str) -> None:
    if wire is not None:
        with guarded(f"pymongo {stage}"):
            wire.broke(error, stage)


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def sendall(sock: Any, buf: bytes) -> Any:
        if active_recorder() is None:
            return original(sock, buf)
        wire = _asked(sock, buf)
        try:
            result = original(sock, buf)
        except BaseException as error:
            _broke(wire, error, "send")
            raise
        _sent(wire)
        return result

    return sendall


def _sending_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def async_sendall(conn: Any, buf: bytes) -> Any:
        if active_recorder() is None:
            return await original(conn, buf)
        wire = _asked(conn, buf)
        token = step_aside()
        try:
            result = await original(conn, buf)
        except BaseException as error:
            CURRENT_FLOW.reset(token)
            _broke(wire, error, "send")
            raise
        CURRENT_FLOW.reset(token)
        _sent(wire)
        return result

    return async_sendall


def _waiting(connection: Any, request_id: int | None) -> Wire | None:
    wire: Wire | None = connection.__dict__.get("_timetracer_wire")
    if wire is not None and request_id is None:
        with guarded("pymongo receive"):
            wire.waits(request_id)
    return wire


def _receiving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def receive_message(conn: Any, request_id: int | None, *args: Any, **keywords: Any) -> Any:
        if active_recorder() is None:
            return original(conn, request_id, *args, **keywords)
        wire = _waiting(conn, request_id)
        try:
            reply = original(conn, request_id, *args, **keywords)
        except BaseException as error:
            _broke(wire, error, "receive")
            raise
        _got(wire, reply)
        return reply

    return receive_message


def _receiving_async(original: Callable[..., Any]) -> Callable[..., Any]:
    """The driver's tasks that wait for a reply are no tasks of the request."""

    @wraps(original)
    async def receive(conn: Any, request_id: int | None, *args: Any, **keywords: Any) -> Any:
        if active_recorder() is None:
            return await original(conn, request_id, *args, **keywords)
        wire = _waiting(conn, request_id)
        token = step_aside()
        try:
            reply = await original(conn, request_id, *args, **keywords)
        except BaseException as error:
            CURRENT_FLOW.reset(token)
            _broke(wire, error, "receive")
            raise
        CURRENT_FLOW.reset(token)
        _got(wire, reply)
        return reply

    return receive


# -- what goes before: a server is selected, a connection taken from its pool ---------------------


def _is_due_to_the_cluster(error: BaseException) -> bool:
    return type(error).__name__ == "ServerSelectionTimeoutError"


def _selected(error: BaseException, operation: str) -> None:
    with guarded("pymongo server selection"):
        if _is_due_to_the_cluster(error) and operation not in _BACKGROUND:
            failed_to("select server", operation, error)


def _selecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def select_servers(self: Any, selector: Any, operation: str, *a: Any, **k: Any) -> Any:
        if active_recorder() is None:
            return original(self, selector, operation, *a, **k)
        token = step_aside()
        try:
            found = original(self, selector, operation, *a, **k)
        except BaseException as error:
            CURRENT_FLOW.reset(token)
            _selected(error, operation)
            raise
        CURRENT_FLOW.reset(token)
        return found

    return select_servers


def _selecting_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def select_servers(self: Any, selector: Any, operation: str, *a: Any, **k: Any) -> Any:
        if active_recorder() is None:
            return await original(self, selector, operation, *a, **k)
        token = step_aside()
        try:
            found = await original(self, selector, operation, *a, **k)
        except BaseException as error:
            CURRENT_FLOW.reset(token)
            _selected(error, operation)
            raise
        CURRENT_FLOW.reset(token)
        return found

    return select_servers


def _not_checked_out(pool: Any, error: BaseException) -> None:
    with guarded("pymongo connect"):
        ours = type(error).__module__.startswith("pymongo")
        if ours and not pool.is_sdam and type(error).__name__ != "_PoolClosedError":
            host, port = pool.address
            failed_to("check out", "", error, f"{host}:{port}")


def _checking_out(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _get_conn(self: Any, *args: Any, **keywords: Any) -> Any:
        if active_recorder() is None:
            return original(self, *args, **keywords)
        token = step_aside()
        try:
            found = original(self, *args, **keywords)
        except BaseException as error:
            CURRENT_FLOW.reset(token)
            _not_checked_out(self, error)
            raise
        CURRENT_FLOW.reset(token)
        return found

    return _get_conn


def _checking_out_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _get_conn(self: Any, *args: Any, **keywords: Any) -> Any:
        if active_recorder() is None:
            return await original(self, *args, **keywords)
        token = step_aside()
        try:
            found = await original(self, *args, **keywords)
        except BaseException as error:
            CURRENT_FLOW.reset(token)
            _not_checked_out(self, error)
            raise
        CURRENT_FLOW.reset(token)
        return found

    return _get_conn


def _aside(original: Callable[..., Any]) -> Callable[..., Any]:
    """A driver's own: sessions draw their names, monitors are tasks and threads."""

    @wraps(original)
    def call(*args: Any, **keywords: Any) -> Any:
        token = step_aside()
        try:
            return original(*args, **keywords)
        finally:
            CURRENT_FLOW.reset(token)

    return call


class _Timing:
    """The `time` of modules that read nothing but timers, a dozen times a call.

    Those readings are left alone anyway (see `timetracer_otel.clocks`): here nobody looks.
    """

    monotonic = staticmethod(monotonic)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


_TIMERS = (
    *("_csot", "_telemetry", "client_session_shared", "network_layer", "pool_shared"),
    *(
        f"{flavour}.{module}"
        for flavour in ("synchronous", "asynchronous")
        for module in ("command_runner", "mongo_client", "network", "pool", "server", "topology")
    ),
)

# -- the patches ----------------------------------------------------------------------------------

MODULES = ("pymongo.synchronous", "pymongo.asynchronous")


def _changes() -> tuple[Change, ...]:
    sync, aio = MODULES
    return (
        Patch(f"{sync}.pool:Connection.__init__", _beginning),
        Patch(f"{aio}.pool:AsyncConnection.__init__", _beginning),
        Patch(f"{sync}.pool:Pool._get_conn", _checking_out),
        Patch(f"{aio}.pool:Pool._get_conn", _checking_out_async),
        Patch(f"{sync}.topology:Topology.select_servers", _selecting),
        Patch(f"{aio}.topology:Topology.select_servers", _selecting_async),
        Patch("pymongo.periodic_executor:PeriodicExecutor.open", _aside),
        Patch("pymongo.periodic_executor:AsyncPeriodicExecutor.open", _aside),
        # a client draws an ObjectId for itself, whenever it is made
        *(PatchIfPresent(f"{m}.settings:TopologySettings.__init__", _aside) for m in MODULES),
        *(PatchIfPresent(f"pymongo.{module}:time", lambda _: _Timing()) for module in _TIMERS),
        # numbers of messages and operations: with a listener, each draws from the application's
        PatchIfPresent("pymongo.message:random", lambda _: TELEMETRY),
        PatchIfPresent("pymongo.client_session_shared:_ServerSession.__init__", _aside),
        *(PatchIfPresent(f"{m}.client_session:_ServerSession.__init__", _aside) for m in MODULES),
        # `network` was taken into the pool's modules by PyMongo 4.17
        *(PatchIfPresent(f"{sync}.{m}:sendall", _sending) for m in ("pool", "network")),
        *(PatchIfPresent(f"{sync}.{m}:receive_message", _receiving) for m in ("pool", "network")),
        *(PatchIfPresent(f"{aio}.{m}:async_sendall", _sending_async) for m in ("pool", "network")),
        *(
            PatchIfPresent(f"{aio}.{m}:async_receive_message", _receiving_async)
            for m in ("pool", "network")
        ),
    )


register_mongodb_errors()

LIBRARY = Library(
    name="pymongo",
    protocol="mongodb",
    module="pymongo",
    distribution="pymongo",
    versions=">=4.13",
    requires_span=True,
    changes=_changes(),
    instrumentor=Instrumentor(
        entry_point="pymongo",
        class_name="PymongoInstrumentor",
        distribution="opentelemetry-instrumentation-pymongo",
    ),
)
