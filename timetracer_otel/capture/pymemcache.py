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


class RecordingSocket(_Proxy):
    """The client's socket, and a note of each exchange: what is sent, and what comes until the
    client's method returns.
    """

    def __init__(self, inner: Any, server: str) -> None:
        super().__init__(inner)
        self._self_server = server
        self._self_draft: Draft | None = None
        self._self_answer = MemcachedResponseRef([])

    def sendall(self, data: Any, *args: Any) -> Any:
        with guarded("pymemcache send"):
            self._self_begin(bytes(data))
        try:
            return self.__wrapped__.sendall(data, *args)
        except BaseException as error:
            with guarded("pymemcache send"):
                self._self_broke(error, "send")
            raise

    def recv(self, *args: Any) -> Any:
        try:
            data = self.__wrapped__.recv(*args)
        except BaseException as error:
            with guarded("pymemcache recv"):
                self._self_broke(error, "read")
            raise
        with guarded("pymemcache recv"):
            self._self_came(data)
        return data

    def close(self) -> Any:
        with guarded("pymemcache close"):
            self._self_end()
        return self.__wrapped__.close()

    def _self_begin(self, data: bytes) -> None:
        self._self_end()
        ref = MemcachedRequestRef(data, "call", self._self_server)
        draft = begin("memcached", "pymemcache", ref, own_span=True)
        self._self_answer = MemcachedResponseRef([])
        self._self_draft = draft
        if draft is not None and len(data) > _GRANT_FROM and not draft.trace.grant(len(data)):
            self._self_forget()

    def _self_came(self, data: bytes) -> None:
        draft = self._self_draft
        if draft is None:
            return
        if len(data) > _GRANT_FROM and not draft.trace.grant(len(data)):
            self._self_forget()
        elif data:
            self._self_answer.pieces.append(data)
        else:
            self._self_answer.closed = True

    def _self_broke(self, error: BaseException, stage: str) -> None:
        draft, self._self_draft = self._self_draft, None
        if draft is None:
            return
        if self._self_answer.pieces:
            self._self_answer.error = Failure.of(error)
            draft.answered(self._self_answer)
        else:
            draft.failed(error, stage)

    def _self_forget(self) -> None:
        draft, self._self_draft = self._self_draft, None
        if draft is not None:
            draft.abandon()

    def _self_end(self) -> None:
        """The exchange is over: the client's method returns."""
        draft, self._self_draft = self._self_draft, None
        if draft is not None:
            draft.answered(self._self_answer)

    def __del__(self) -> None:
        self._self_end()


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
            sock = self.sock  # None after an error, which closes it
            if type(sock) is RecordingSocket:
                with guarded("pymemcache exchange"):
                    sock._self_end()

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
