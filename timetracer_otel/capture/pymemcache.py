"""pymemcache: seen at the sockets that its clients open."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.interaction.failures import Failure
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.memcached import (
    MemcachedRequestRef,
    MemcachedResponseRef,
    register_memcached_errors,
)
from timetracer_otel.recording import Draft, active_recorder, begin, guarded

__all__ = ["LIBRARY", "RecordingSocket", "server_of"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy

_GRANT_FROM = 1024
"""Smaller than that, values are not counted one by one: a trace has a bounded number of them."""


_SENDING, _READING = guarded("pymemcache send"), guarded("pymemcache recv")
_ENDING = guarded("pymemcache end")


class _Exchange:
    """What is sent, and what comes until the client's method returns."""

    __slots__ = ("answer", "draft", "server")

    def __init__(self, server: str) -> None:
        self.server = server
        self.draft: Draft | None = None
        self.answer = MemcachedResponseRef([])

    def begin(self, data: bytes) -> None:
        if self.draft is not None:
            self.end()
        ref = MemcachedRequestRef(data, "call", self.server)
        draft = begin("memcached", "pymemcache", ref, own_span=True)
        if draft is None:
            return
        if len(data) > _GRANT_FROM and not draft.trace.grant(len(data)):
            draft.abandon()
            return
        self.answer = MemcachedResponseRef([])
        self.draft = draft

    def came(self, data: bytes) -> None:
        draft = self.draft
        if draft is None:
            return
        if len(data) > _GRANT_FROM and not draft.trace.grant(len(data)):
            draft.abandon()
            self.draft = None
        elif data:
            self.answer.pieces.append(data)
        else:
            self.answer.closed = True

    def broke(self, error: BaseException, stage: str) -> None:
        draft, self.draft = self.draft, None
        if draft is None:
            return
        if self.answer.pieces:
            self.answer.error = Failure.of(error)
            draft.answered(self.answer)
        else:
            draft.failed(error, stage)

    def end(self) -> None:
        """The exchange is over: the client's method returns."""
        draft, self.draft = self.draft, None
        if draft is not None:
            draft.answered(self.answer)

    def __del__(self) -> None:
        self.end()


class RecordingSocket(_Proxy):
    """The client's socket, and a note of each exchange."""

    def __init__(self, inner: Any, server: str) -> None:
        super().__init__(inner)
        self._self_exchange = _Exchange(server)
        self._self_send = inner.sendall
        self._self_recv = inner.recv

    def sendall(self, data: Any, *args: Any) -> Any:
        exchange = self._self_exchange
        try:
            exchange.begin(bytes(data))
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _SENDING:
                raise
        try:
            return self._self_send(data, *args)
        except BaseException as error:
            with _SENDING:
                exchange.broke(error, "send")
            raise

    def recv(self, *args: Any) -> Any:
        exchange = self._self_exchange
        try:
            data = self._self_recv(*args)
        except BaseException as error:
            with _READING:
                exchange.broke(error, "read")
            raise
        try:
            exchange.came(data)
        except Exception:
            with _READING:
                raise
        return data

    def close(self) -> Any:
        with guarded("pymemcache close"):
            self._self_exchange.end()
        return self.__wrapped__.close()


def server_of(client: Any) -> str:
    """``host:port``, or the socket's path."""
    server = client.server
    return f"{server[0]}:{server[1]}" if isinstance(server, tuple) else str(server)


def _connecting(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def connect(self: Any) -> None:
        if active_recorder() is None:
            original(self)
            return
        try:
            original(self)
        except BaseException as error:
            with guarded("pymemcache connect"):
                ref = MemcachedRequestRef(b"", "connect", server_of(self))
                draft = begin("memcached", "pymemcache", ref, own_span=True)
                if draft is not None:
                    draft.failed(error, "connect")
            raise
        with guarded("pymemcache connect"):
            self.sock = RecordingSocket(self.sock, server_of(self))

    return connect


def _exchanging(original: Callable[..., Any]) -> Callable[..., Any]:
    """Each of the client's methods sends once and reads to the end of the answer."""

    @wraps(original)
    def exchange(self: Any, *args: Any, **keywords: Any) -> Any:
        try:
            return original(self, *args, **keywords)
        finally:
            if type(self.sock) is RecordingSocket:  # None after an error, which closes it
                try:
                    self.sock._self_exchange.end()
                except Exception:
                    with _ENDING:
                        raise

    return exchange


_CLIENT = "pymemcache.client.base:Client"

register_memcached_errors()

LIBRARY = Library(
    name="pymemcache",
    protocol="memcached",
    module="pymemcache",
    distribution="pymemcache",
    versions=">=4",
    requires_span=True,
    changes=(
        Patch(f"{_CLIENT}._connect", _connecting),
        *(
            Patch(f"{_CLIENT}.{name}", _exchanging)
            for name in ("_fetch_cmd", "_misc_cmd", "_store_cmd")
        ),
    ),
    instrumentor=Instrumentor(
        entry_point="pymemcache",
        class_name="PymemcacheInstrumentor",
        distribution="opentelemetry-instrumentation-pymemcache",
    ),
)
