"""Where SMTP may hold secrets and personal data: credentials, addresses, and all of a message."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from timetracer_otel.protocols.hiding import Hide, changed, hidden_error

if TYPE_CHECKING:
    from timetracer_otel.protocols.smtp import SmtpInteraction

__all__ = ["hidden", "is_credentials"]

_AUTH = re.compile(r"(auth [a-z0-9-]+ )(\S+)", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ADDRESSES = re.compile(r"((?:mail from|rcpt to):\s*<?)([^<>\s]+)(.*)", re.IGNORECASE | re.DOTALL)
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(.*)", re.DOTALL)
_BARE = frozenset(
    {"data", "quit", "rset", "noop", "starttls", "help", "ehlo", "helo", "lhlo", "expn", "vrfy"}
)
_OPEN = frozenset({"content-type", "mime-version", "content-transfer-encoding", "date"})
_SECRET = "password"  # noqa: S105 - the name of the field as which a line is hidden


def hidden(interaction: SmtpInteraction, hide: Hide) -> SmtpInteraction:
    """The exchange as it may be seen. A message is hidden line by line: each stays as long."""
    request, response = interaction.request, interaction.response
    if response is not None:
        response = changed(
            response, received=hide.value(response.received), rest=hide.value(response.rest)
        )
    sent = _sent(request.sent, hide)
    found: SmtpInteraction = changed(
        interaction,
        request=changed(request, sent=sent, rest=hide.value(request.rest)),
        response=response,
        error=hidden_error(interaction.error, hide),
    )
    return found


def _sent(sent: list[Any], hide: Hide) -> list[Any]:
    if len(sent) == 1:
        made = [_command(sent[0], hide)]
    else:
        head = sent.index("") if "" in sent else len(sent)
        body = [hide.value(line, _SECRET) for line in sent[head:-1]]
        made = (
            [_header(line, hide) for line in sent[:head]] + body + sent[max(head, len(sent) - 1) :]
        )
    return sent if made == sent else made


def is_credentials(line: str) -> bool:
    """Whether a line is no command: it answers a challenge, then."""
    return bool(line) and " " not in line and ":" not in line and line.lower() not in _BARE


def _command(line: Any, hide: Hide) -> Any:
    if not isinstance(line, str):
        return hide.value(line)
    auth = _AUTH.fullmatch(line)
    if auth is not None:
        return auth[1] + _credentials(auth[2], hide)
    if is_credentials(line):
        return _credentials(line, hide)
    address = _ADDRESSES.fullmatch(line)
    if address is not None:
        return address[1] + hide.text(address[2], "email") + address[3]
    return hide.text(line)


def _credentials(text: str, hide: Hide) -> str:
    """What the client answered to the server's challenge: hidden as the bytes that it spells."""
    if not _BASE64.fullmatch(text):
        return hide.text(text, _SECRET)
    try:
        data = base64.b64decode(text, validate=True)
        plain = data.decode("utf-8")
    except (binascii.Error, ValueError):
        return hide.text(text, _SECRET)
    pieces = [hide.text(piece, _SECRET) if piece else "" for piece in plain.split("\0")]
    made = "\0".join(pieces)
    return text if made == plain else base64.b64encode(made.encode()).decode("ascii")


def _header(line: Any, hide: Hide) -> Any:
    found = _HEADER.fullmatch(line) if isinstance(line, str) else None
    if found is None or found[1].lower() in _OPEN:
        return hide.value(line)
    return f"{found[1]}:{hide.text(found[2], '')}"
