"""What the SMTP clients' modules share: an exchange, from what is sent to the end of its reply."""

from __future__ import annotations

from typing import Any

from timetracer_otel.interaction.failures import Failure
from timetracer_otel.protocols.smtp import SmtpRequestRef, SmtpResponseRef
from timetracer_otel.recording import Draft, begin

__all__ = ["Exchange", "server_of"]

_GRANT_FROM = 1024
"""Smaller than that, what is sent is not counted: a trace has a bounded number of exchanges."""


def server_of(host: Any, port: Any) -> str:
    """``host:port``."""
    return f"{host}:{port}"


class Exchange:
    """What is sent on one connection, and what comes until the reply is complete."""

    __slots__ = ("connecting", "draft", "library", "reply", "server")

    def __init__(self, library: str, server: str) -> None:
        self.library = library
        self.server = server
        self.connecting = False
        self.draft: Draft | None = None
        self.reply = SmtpResponseRef()

    def begin(self, operation: str, data: bytes = b"") -> None:
        """The next one; what is under way has ended."""
        self.end()
        self.reply = SmtpResponseRef()
        draft = begin("smtp", self.library, SmtpRequestRef(operation, data, self.server))
        if draft is not None and len(data) > _GRANT_FROM and not draft.trace.grant(len(data)):
            draft.abandon()
            return
        self.draft = draft

    def came(self, data: bytes) -> None:
        """Some of the reply, or nothing: the server has closed the connection."""
        if data:
            self.reply.lines.append(data)
        else:
            self.reply.closed = True

    def broke(self, error: BaseException, stage: str) -> None:
        """There will be no more of the reply."""
        draft, self.draft = self.draft, None
        if draft is None:
            return
        if self.reply.lines:
            self.reply.error = Failure.of(error)
            draft.answered(self.reply)
        else:
            draft.failed(error, stage)

    def end(self) -> None:
        """The reply is complete."""
        draft, self.draft = self.draft, None
        if draft is not None:
            draft.answered(self.reply)
