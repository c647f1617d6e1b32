"""redis-py: connections whose other end is the recording; all above the socket is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from timetracer_otel.capture.redis import LIBRARY as CAPTURED
from timetracer_otel.capture.redis import opening
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.replay.redis_answers import Answers, NotSent, Waiting, refused_now
from timetracer_otel.replay.redis_streams import (
    RecordedReader,
    RecordedSocket,
    open_socket,
    open_streams,
)
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]


def _answers_for(connection: Any) -> Answers:
    refusal = connection.__dict__.pop("_timetracer_refusal", None) or refused_now(connection)
    return Answers(connection, refusal)


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    """`_connect` is taken on the instance: which class of the application's has it is all one."""

    @wraps(original)
    def connect(self: Any, *args: Any, **keywords: Any) -> Any:
        if self._sock is not None:
            return original(self, *args, **keywords)
        if not serving("redis"):
            self.__dict__.pop("_connect", None)
            return original(self, *args, **keywords)
        answers = _answers_for(self)
        port, timeout = getattr(self, "port", 0), self.socket_timeout

        def open_recorded() -> RecordedSocket:
            answers.open()
            opened = open_socket(answers, port)
            opened.settimeout(timeout)
            return opened

        self._connect = open_recorded
        answers.setting_up = True
        try:
            return original(self, *args, **keywords)
        finally:
            answers.setting_up = False

    return connect


def _connecting_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(self: Any, *args: Any, **keywords: Any) -> Any:
        if self.is_connected:
            return await original(self, *args, **keywords)
        if not serving("redis"):
            self.__dict__.pop("_connect", None)
            return await original(self, *args, **keywords)
        answers = _answers_for(self)

        async def open_recorded() -> None:
            await asyncio.sleep(0)
            try:
                answers.open()
            except Waiting:
                await _forever()
            self._reader, self._writer = open_streams(answers)

        self._connect = open_recorded
        answers.setting_up = True
        try:
            return await original(self, *args, **keywords)
        finally:
            answers.setting_up = False

    return connect


async def _forever() -> None:
    """The application gave up here by itself, and will again."""
    await asyncio.get_running_loop().create_future()


def _answers_of(connection: Any) -> Answers | None:
    end = getattr(connection, "_sock", None) or getattr(connection, "_reader", None)
    return end.answers if isinstance(end, RecordedSocket | RecordedReader) else None


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    """What goes out in one call is one interaction, in however many pieces it is written."""

    @wraps(original)
    def send_packed_command(self: Any, command: Any, *args: Any, **keywords: Any) -> Any:
        result = original(self, command, *args, **keywords)
        answers = _answers_of(self)
        if answers is not None:
            try:
                answers.flush()
            except NotSent as broken:
                self.disconnect()
                raise broken.error from None
        return result

    return send_packed_command


def _sending_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def send_packed_command(self: Any, command: Any, *args: Any, **keywords: Any) -> Any:
        result = await original(self, command, *args, **keywords)
        answers = _answers_of(self)
        if answers is not None:
            try:
                answers.flush()
            except NotSent as broken:
                if isinstance(broken.error, asyncio.CancelledError):
                    await _forever()
                await self.disconnect(nowait=True)
                raise broken.error from None
            await asyncio.sleep(0)  # the network would have let other tasks run
        return result

    return send_packed_command


def _pinging(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def ping(self: Any) -> Any:
        with _own_traffic(self):
            return original(self)

    return ping


def _pinging_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def ping(self: Any) -> Any:
        with _own_traffic(self):
            return await original(self)

    return ping


@contextmanager
def _own_traffic(connection: Any) -> Iterator[None]:
    """The connection asks for itself."""
    answers = _answers_of(connection)
    if answers is None:
        yield
        return
    before, answers.setting_up = answers.setting_up, True
    try:
        yield
    finally:
        answers.setting_up = before


def _is_gone(connection: Any) -> bool:
    """Whether the pool found this connection dead when it was recorded, and could open no other."""
    answers = _answers_of(connection)
    if answers is None or answers.subscribed:
        return False
    refusal = refused_now(connection)
    if refusal is not None:
        connection._timetracer_refusal = refusal
    return refusal is not None


def _looking(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def can_read(self: Any, *args: Any, **keywords: Any) -> Any:
        if _is_gone(self):
            raise ConnectionResetError
        return original(self, *args, **keywords)

    return can_read


def _looking_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def can_read(self: Any, *args: Any, **keywords: Any) -> Any:
        if _is_gone(self):
            raise ConnectionResetError
        return await original(self, *args, **keywords)

    return can_read


def _patches() -> tuple[Patch | PatchIfPresent, ...]:
    modules = {"redis.connection": _connecting, "redis.asyncio.connection": _connecting_async}
    sync, aio = (f"{module}:AbstractConnection" for module in modules)
    return (
        Patch(f"{sync}.send_packed_command", _sending),
        Patch(f"{aio}.send_packed_command", _sending_async),
        Patch(f"{sync}._send_ping", _pinging),
        Patch(f"{aio}._send_ping", _pinging_async),
        Patch(f"{sync}.can_read", _looking),
        PatchIfPresent(f"{aio}.can_read", _looking_async),
        PatchIfPresent(f"{aio}.can_read_destructive", _looking_async),
        *(
            PatchIfPresent(f"{module}:AbstractConnection.{name}", opening(wrap, module, name))
            for module, wrap in modules.items()
            for name in ("connect", "connect_check_health")
        ),
    )


LIBRARY = CAPTURED.in_replay(
    changes=_patches(),
)
