"""smtplib: a socket that leads nowhere, and has the replies of then."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.smtplib import LIBRARY as CAPTURED
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.protocols.smtp import wire
from timetracer_otel.replay.sessions import serving
from timetracer_otel.replay.smtp_answers import answer_to, raise_if_untrusted
from timetracer_otel.smtp_calls import server_of

__all__ = ["LIBRARY"]


class RecordedSocket:
    """Takes what a client sends; the file made of it has what was replied."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._title = ""
        self._unread = b""
        self._closed = False
        self._broken: BaseException | None = None
        self._ask("connect")

    def sendall(self, data: Any) -> None:
        self._ask("send", bytes(data))

    def _ask(self, operation: str, data: bytes = b"") -> None:
        found = answer_to("smtplib", self.server, operation, data)
        self._title, self._closed, self._broken = found.title, False, None
        if found.error is not None:
            error = decode_error(found.error)
            if found.error.stage != "read":
                raise error
            self._broken = error
        elif found.response is not None:
            self._unread += wire(found.response)
            self._closed = found.response.closed
            if found.response.error is not None:
                self._broken = decode_error(found.response.error)

    def readline(self, limit: int = -1) -> bytes:
        line, end, _ = self._unread.partition(b"\n")
        line = (line + end)[: limit if limit >= 0 else None]
        self._unread = self._unread[len(line) :]
        if line or self._closed:
            return line
        if self._broken is not None:
            raise self._broken
        raise CannotReplay(
            subject=self._title, reason="the client reads more now than when it was recorded"
        )

    def makefile(self, *_: Any) -> RecordedSocket:
        return self

    def settimeout(self, _timeout: float | None) -> None:
        """Replies are there at once."""

    def close(self) -> None:
        """Nothing is open."""


class _Handshake:
    """In the place of a TLS context: a recorded failure, or the connection as it is."""

    def wrap_socket(self, sock: RecordedSocket, **_: Any) -> RecordedSocket:
        raise_if_untrusted(sock.server)
        return sock


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _get_socket(self: Any, host: Any, port: Any, *args: Any, **keywords: Any) -> Any:
        if not serving("smtplib"):
            return original(self, host, port, *args, **keywords)
        if self.timeout is not None and not self.timeout:
            raise ValueError("Non-blocking socket (timeout=0) is not supported")
        return RecordedSocket(server_of(host, port))

    return _get_socket


def _encrypting(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @wraps(original)
    def starttls(self: Any, *args: Any, **keywords: Any) -> Any:
        if not isinstance(self.sock, RecordedSocket):
            return original(self, *args, **keywords)
        given = signature.bind(self, *args, **keywords)
        for name in ("keyfile", "certfile"):  # a key of one's own goes with no other context
            given.arguments.pop(name, None)
        given.arguments["context"] = _Handshake()
        return original(*given.args, **given.kwargs)

    return starttls


LIBRARY = CAPTURED.in_replay(
    changes=(
        WhenImported(
            "smtplib",
            (
                Patch("smtplib:SMTP._get_socket", _connecting),
                Patch("smtplib:SMTP_SSL._get_socket", _connecting),
                Patch("smtplib:SMTP.starttls", _encrypting),
            ),
        ),
    )
)
