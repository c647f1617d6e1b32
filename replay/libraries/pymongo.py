"""PyMongo and Motor: connections whose other end is the recording.

The pool, the cluster's monitors, sessions, cursors, retries and errors are the driver's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.pymongo import LIBRARY as CAPTURED
from timetracer_otel.capture.pymongo import MODULES
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Change, Patch, PatchIfPresent
from timetracer_otel.replay.mongodb_answers import failing_now
from timetracer_otel.replay.mongodb_srv import srv_changes
from timetracer_otel.replay.mongodb_streams import RecordedSocket, RecordedTransport
from timetracer_otel.replay.mongodb_topology import note_set_name
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]

RecordedEnd = RecordedSocket | RecordedTransport


def _end_of(interface: Any) -> RecordedEnd | None:
    """Our end of a connection; None where it leads to a server."""
    end = interface.sock if hasattr(interface, "sock") else interface
    if isinstance(end, RecordedSocket):
        return end
    transport = getattr(interface.get_conn, "transport", None)
    return transport if isinstance(transport, RecordedTransport) else None


# -- opening --------------------------------------------------------------------------------------


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def configured(address: Any, options: Any, *args: Any, **keywords: Any) -> Any:
        if not serving("pymongo"):
            return original(address, options, *args, **keywords)
        from pymongo.network_layer import NetworkingInterface

        opened: Any = RecordedSocket()
        opened.settimeout(options.socket_timeout)
        return NetworkingInterface(opened)

    return configured


def _opening_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def configured(address: Any, options: Any, *args: Any, **keywords: Any) -> Any:
        if not serving("pymongo"):
            return await original(address, options, *args, **keywords)
        from pymongo.network_layer import AsyncNetworkingInterface, PyMongoProtocol

        await asyncio.sleep(0)
        protocol = PyMongoProtocol(timeout=options.socket_timeout)
        transport = RecordedTransport(protocol)
        protocol.connection_made(transport)
        return AsyncNetworkingInterface((transport, protocol))

    return configured


def _beginning(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, conn: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        original(self, conn, *args, **keywords)
        end = _end_of(conn)
        if end is not None:
            end.answers.belongs_to(self)

    return __init__


def _authenticating(original: Callable[..., Any]) -> Callable[..., Any]:
    """Nobody is there to be convinced."""

    @wraps(original)
    def authenticate(credentials: Any, conn: Any, *args: Any, **keywords: Any) -> Any:
        if _end_of(conn.conn) is not None:
            return None
        return original(credentials, conn, *args, **keywords)

    return authenticate


def _authenticating_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def authenticate(credentials: Any, conn: Any, *args: Any, **keywords: Any) -> Any:
        if _end_of(conn.conn) is not None:
            return None
        return await original(credentials, conn, *args, **keywords)

    return authenticate


def _pooling(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def create_pool(self: Any, address: Any) -> Any:
        pool = original(self, address)
        note_set_name(pool, self)
        return pool

    return create_pool


# -- what failed before anything was asked --------------------------------------------------------


def _raise_if_due(operation: str, subject: str = "") -> None:
    error = failing_now(operation, subject) if serving("pymongo") else None
    if error is not None:
        raise error


def _selecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def select_servers(self: Any, selector: Any, operation: str, *a: Any, **k: Any) -> Any:
        _raise_if_due("select server", operation)
        return original(self, selector, operation, *a, **k)

    return select_servers


def _selecting_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def select_servers(self: Any, selector: Any, operation: str, *a: Any, **k: Any) -> Any:
        _raise_if_due("select server", operation)
        return await original(self, selector, operation, *a, **k)

    return select_servers


def _checking_out(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _get_conn(self: Any, *args: Any, **keywords: Any) -> Any:
        if not self.is_sdam:
            _raise_if_due("check out")
        return original(self, *args, **keywords)

    return _get_conn


def _checking_out_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _get_conn(self: Any, *args: Any, **keywords: Any) -> Any:
        if not self.is_sdam:
            _raise_if_due("check out")
        return await original(self, *args, **keywords)

    return _get_conn


# -- messages -------------------------------------------------------------------------------------


def _sending_async(original: Callable[..., Any]) -> Callable[..., Any]:
    """The answer is looked for by whoever asks, not by a task that writes for them."""

    @wraps(original)
    async def async_sendall(conn: Any, buf: bytes) -> Any:
        transport = getattr(conn, "transport", None)
        if not isinstance(transport, RecordedTransport):
            return await original(conn, buf)
        if transport.is_closing():
            raise OSError("Connection is closed")
        transport.answers.ask(buf)
        return None

    return async_sendall


def _receiving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def receive_message(conn: Any, request_id: int | None, *args: Any, **keywords: Any) -> Any:
        end = _end_of(conn.conn)
        if end is not None:
            if request_id is None:
                end.answers.ask_on()
            end.answers.break_if_broken()
        return original(conn, request_id, *args, **keywords)

    return receive_message


def _receiving_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def receive(conn: Any, request_id: int | None, *args: Any, **keywords: Any) -> Any:
        end = _end_of(conn.conn)
        if isinstance(end, RecordedTransport):
            if request_id is None:
                end.answers.ask_on()
            if end.answers.never_comes:
                await asyncio.get_running_loop().create_future()
            await asyncio.sleep(0)
            end.answers.break_if_broken()
            end.deliver()
        return await original(conn, request_id, *args, **keywords)

    return receive


def _closed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def socket_closed(self: Any, sock: Any) -> bool:
        if isinstance(sock, RecordedSocket):
            return sock.closed
        found: bool = original(self, sock)
        return found

    return socket_closed


def _changes() -> tuple[Change, ...]:
    sync, aio = MODULES
    return (
        Patch(f"{sync}.pool:_configured_socket_interface", _opening),
        Patch(f"{aio}.pool:_configured_protocol_interface", _opening_async),
        Patch(f"{sync}.pool:Connection.__init__", _beginning),
        Patch(f"{aio}.pool:AsyncConnection.__init__", _beginning),
        Patch(f"{sync}.auth:authenticate", _authenticating),
        Patch(f"{aio}.auth:authenticate", _authenticating_async),
        Patch(f"{sync}.pool:Pool._get_conn", _checking_out),
        Patch(f"{aio}.pool:Pool._get_conn", _checking_out_async),
        Patch(f"{sync}.topology:Topology.select_servers", _selecting),
        Patch(f"{aio}.topology:Topology.select_servers", _selecting_async),
        *(
            Patch(f"{module}.topology:Topology.{name}", _pooling)
            for module in MODULES
            for name in ("_create_pool_for_server", "_create_pool_for_monitor")
        ),
        *srv_changes(),
        Patch("pymongo.socket_checker:SocketChecker.socket_closed", _closed),
        *(PatchIfPresent(f"{sync}.{m}:receive_message", _receiving) for m in ("pool", "network")),
        *(PatchIfPresent(f"{aio}.{m}:async_sendall", _sending_async) for m in ("pool", "network")),
        *(
            PatchIfPresent(f"{aio}.{m}:async_receive_message", _receiving_async)
            for m in ("pool", "network")
        ),
    )


LIBRARY = Library(
    name=CAPTURED.name,
    protocol=CAPTURED.protocol,
    module=CAPTURED.module,
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=_changes(),
)
