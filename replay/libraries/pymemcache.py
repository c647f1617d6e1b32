"""pymemcache: sockets that answer from the recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.pymemcache import LIBRARY as CAPTURED
from timetracer_otel.capture.pymemcache import server_of
from timetracer_otel.cassette import Interaction
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.memcached import MemcachedInteraction, MemcachedRequestRef, wire
from timetracer_otel.replay.recorded_failures import refused_connection
from timetracer_otel.replay.sessions import (
    answer,
    serving,
)

__all__ = ["LIBRARY"]


class RecordedSocket:
    """Takes what a client sends, and has what it was answered then."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._title = ""
        self._unread = b""
        self._closed = False
        self._broken: BaseException | None = None

    def sendall(self, data: Any) -> None:
        found = answer("memcached", "pymemcache", MemcachedRequestRef(bytes(data), "call"))
        if not isinstance(found, MemcachedInteraction):
            raise CannotReplay(subject=found.title, reason="it is no exchange with memcached")
        self._title, self._unread, self._closed, self._broken = found.title, b"", False, None
        if found.error is not None:
            error = decode_error(found.error)
            if found.error.stage == "send":
                raise error
            self._broken = error
        elif found.response is not None:
            self._unread = wire(found.response)
            self._closed = found.response.closed
            if found.response.error is not None:
                self._broken = decode_error(found.response.error)

    def recv(self, size: int) -> bytes:
        data, self._unread = self._unread[:size], self._unread[size:]
        if data or self._closed:
            return data
        if self._broken is not None:
            raise self._broken
        raise CannotReplay(
            subject=self._title, reason="the client reads more now than when it was recorded"
        )

    def settimeout(self, _timeout: float | None) -> None:
        """Answers are there at once."""

    def close(self) -> None:
        """Nothing is open."""


def _refusal(server: str) -> Interaction | None:
    """The recorded failure to connect, if it is its turn."""
    ref = MemcachedRequestRef(b"", "connect", server)
    return refused_connection("memcached", ref)


def _connecting(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def connect(self: Any) -> None:
        if not serving("pymemcache"):
            original(self)
            return
        self.close()
        refused = _refusal(server_of(self))
        if refused is not None and refused.error is not None:
            raise decode_error(refused.error)
        self.sock = RecordedSocket(server_of(self))

    return connect


LIBRARY = CAPTURED.in_replay(
    changes=(Patch("pymemcache.client.base:Client._connect", _connecting),),
)
