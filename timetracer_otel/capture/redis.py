"""redis-py, sync, async and cluster: seen where a connection sends commands and reads replies."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.redis_wire import wire_of
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.redis import register_redis_errors
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.recording.current import IN_FORCE

__all__ = ["LIBRARY", "opening"]

_KEPT = (list, tuple, str, bytes)

_SENDING, _READING = guarded("redis send"), guarded("redis read")


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def send_packed_command(self: Any, command: Any, *args: Any, **keywords: Any) -> Any:
        if IN_FORCE.recorder is None:
            return original(self, command, *args, **keywords)
        asked = None
        if type(command) is not list and not isinstance(command, _KEPT):
            command = list(command)  # it can be gone through once
        try:
            asked = wire_of(self).asks(command)
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _SENDING:
                raise
        try:
            result = original(self, command, *args, **keywords)
        except BaseException as error:
            if asked is not None:
                asked.not_sent(error)
            raise
        if asked is not None:
            asked.sent()
        return result

    return send_packed_command


def _sending_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def send_packed_command(self: Any, command: Any, *args: Any, **keywords: Any) -> Any:
        if IN_FORCE.recorder is None:
            return await original(self, command, *args, **keywords)
        asked = None
        if type(command) is not list and not isinstance(command, _KEPT):
            command = list(command)  # it can be gone through once
        try:
            asked = wire_of(self).asks(command)
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _SENDING:
                raise
        try:
            result = await original(self, command, *args, **keywords)
        except BaseException as error:
            if asked is not None:
                asked.not_sent(error)
            raise
        if asked is not None:
            asked.sent()
        return result

    return send_packed_command


def _packing(original: Callable[..., Any]) -> Callable[..., Any]:
    """How many commands a pipeline has is known here; later it would have to be parsed."""

    @wraps(original)
    def pack_commands(self: Any, commands: Any) -> Any:
        packed = original(self, commands)
        if active_recorder() is not None and isinstance(commands, list | tuple):
            with guarded("redis pack"):
                wire_of(self).packed = (packed, len(commands))
        return packed

    return pack_commands


def _reading(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def read_response(self: Any, *args: Any, **keywords: Any) -> Any:
        wire = self.__dict__.get("_timetracer_wire")
        if wire is None:
            return original(self, *args, **keywords)
        wire.reading = True
        try:
            reply = original(self, *args, **keywords)
        except BaseException as error:
            wire.reading = False
            with _READING:
                wire.raised(error)
            raise
        wire.reading = False
        try:
            wire.got(reply)
        except Exception:
            with _READING:
                raise
        return reply

    return read_response


def _reading_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def read_response(self: Any, *args: Any, **keywords: Any) -> Any:
        wire = self.__dict__.get("_timetracer_wire")
        if wire is None:
            return await original(self, *args, **keywords)
        wire.reading = True
        try:
            reply = await original(self, *args, **keywords)
        except BaseException as error:
            wire.reading = False
            with _READING:
                wire.raised(error)
            raise
        wire.reading = False
        try:
            wire.got(reply)
        except Exception:
            with _READING:
                raise
        return reply

    return read_response


def _looking(original: Callable[..., Any]) -> Callable[..., Any]:
    """A subscriber that looks and finds nothing."""

    @wraps(original)
    def can_read(self: Any, *args: Any, **keywords: Any) -> Any:
        found = original(self, *args, **keywords)
        wire = self.__dict__.get("_timetracer_wire")
        if wire is not None and not found:
            wire.found_nothing()
        return found

    return can_read


def opening(wrap: Callable[[Any], Any], module: str, name: str) -> Callable[[Any], Any]:
    """`wrap` for the method that opens a connection once: `connect` before redis-py 6.3."""

    def choose(original: Any) -> Any:
        from importlib import import_module

        connection = import_module(module).AbstractConnection
        newer = hasattr(connection, "connect_check_health")
        return wrap(original) if newer == (name == "connect_check_health") else original

    return choose


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connect(self: Any, *args: Any, **keywords: Any) -> Any:
        if self._sock is not None or active_recorder() is None:
            return original(self, *args, **keywords)
        wire = wire_of(self)
        before = wire.begin_set_up()
        try:
            result = original(self, *args, **keywords)
        except BaseException as error:
            with guarded("redis connect"):
                wire.not_set_up(self, before, error)
            raise
        wire.end_set_up(before)
        return result

    return connect


def _connecting_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(self: Any, *args: Any, **keywords: Any) -> Any:
        if self.is_connected or active_recorder() is None:
            return await original(self, *args, **keywords)
        wire = wire_of(self)
        before = wire.begin_set_up()
        try:
            result = await original(self, *args, **keywords)
        except BaseException as error:
            with guarded("redis connect"):
                wire.not_set_up(self, before, error)
            raise
        wire.end_set_up(before)
        return result

    return connect


def _pinging(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whether a connection is asked for its health depends on its age, not on the request."""

    @wraps(original)
    def ping(self: Any) -> Any:
        if active_recorder() is None:
            return original(self)
        wire = wire_of(self)
        before = wire.begin_set_up()
        try:
            return original(self)
        finally:
            wire.end_set_up(before)

    return ping


def _pinging_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def ping(self: Any) -> Any:
        if active_recorder() is None:
            return await original(self)
        wire = wire_of(self)
        before = wire.begin_set_up()
        try:
            return await original(self)
        finally:
            wire.end_set_up(before)

    return ping


def _closing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Also of coroutine functions: what was not read by now never will be."""

    @wraps(original)
    def disconnect(self: Any, *args: Any, **keywords: Any) -> Any:
        wire = self.__dict__.get("_timetracer_wire")
        if wire is not None:
            with guarded("redis disconnect"):
                wire.close()
        return original(self, *args, **keywords)

    return disconnect


_SYNC = "redis.connection"
_ASYNC = "redis.asyncio.connection"


def _patches() -> tuple[Patch | PatchIfPresent, ...]:
    sync, aio = f"{_SYNC}:AbstractConnection", f"{_ASYNC}:AbstractConnection"
    return (
        Patch(f"{sync}.send_packed_command", _sending),
        Patch(f"{sync}.pack_commands", _packing),
        Patch(f"{aio}.pack_commands", _packing),
        Patch(f"{sync}.read_response", _reading),
        Patch(f"{sync}.can_read", _looking),
        Patch(f"{sync}.disconnect", _closing),
        Patch(f"{sync}._send_ping", _pinging),
        Patch(f"{aio}.send_packed_command", _sending_async),
        Patch(f"{aio}.read_response", _reading_async),
        Patch(f"{aio}.disconnect", _closing),
        Patch(f"{aio}._send_ping", _pinging_async),
        *(
            PatchIfPresent(f"{place}.{name}", opening(wrap, module, name))
            for place, wrap, module in (
                (sync, _connecting, _SYNC),
                (aio, _connecting_async, _ASYNC),
            )
            for name in ("connect", "connect_check_health")
        ),
    )


register_redis_errors()

LIBRARY = Library(
    name="redis",
    protocol="redis",
    module="redis",
    distribution="redis",
    versions=">=5",
    requires_span=True,
    changes=_patches(),
    instrumentor=Instrumentor(
        entry_point="redis",
        class_name="RedisInstrumentor",
        distribution="opentelemetry-instrumentation-redis",
    ),
)
