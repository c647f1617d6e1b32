"""Answers to the SMTP clients: the exchange that was recorded, or the failure of a handshake."""

from __future__ import annotations

from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.protocols.smtp import SmtpInteraction, SmtpRequestRef
from timetracer_otel.replay.sessions import answer, current_request_session, take_if_recorded

__all__ = ["answer_to", "raise_if_untrusted"]


def answer_to(library: str, server: str, operation: str, data: bytes = b"") -> SmtpInteraction:
    """What was recorded of it. Raises `MissingRecording`, `CannotReplay`."""
    found = answer("smtp", library, SmtpRequestRef(operation, data, server))
    if not isinstance(found, SmtpInteraction):
        raise CannotReplay(subject=found.title, reason="it is no exchange of SMTP")
    return found


def raise_if_untrusted(server: str) -> None:
    """What the TLS handshake with `server` failed with, where it did."""
    ref, session = SmtpRequestRef("tls", b"", server), current_request_session()
    found = (
        session.take_if_due("smtp", ref) if session else take_if_recorded("smtp", ref, "bootstrap")
    )
    if found is not None and found.error is not None:
        raise decode_error(found.error)
