"""SMTP: what a client sends and is replied; how it is encoded, matched and titled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from timetracer_otel.interaction.failures import Failure
from timetracer_otel.interaction.parts import InteractionBase, Part, RecordedError
from timetracer_otel.protocols.differences import named_differences
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.resp import readable
from timetracer_otel.protocols.smtp_hiding import hidden, is_credentials
from timetracer_otel.protocols.volatile import loosened, pairs_between
from timetracer_otel.values import decode

__all__ = [
    "SMTP",
    "SmtpInteraction",
    "SmtpRequest",
    "SmtpRequestRef",
    "SmtpResponse",
    "SmtpResponseRef",
    "wire",
]

_END = b"\r\n"


@dataclass(slots=True)
class SmtpRequestRef:
    """What was sent in one go. `operation` is ``send``, ``connect``, or ``tls`` where it failed."""

    operation: str = "send"
    data: bytes = b""
    server: str = ""


@dataclass(slots=True)
class SmtpResponseRef:
    """The lines that came; `error` is what broke the connection then."""

    lines: list[bytes] = field(default_factory=list)
    closed: bool = False
    error: Failure | None = None


class SmtpRequest(Part):
    """`sent` line by line: a command is one, a message has many; `rest` no line end followed.

    Lines are text where they are UTF-8. `server` is for people; it counts for a connection alone.
    """

    operation: str = "send"
    sent: list[Any] = []
    rest: Any = None
    server: str = ""


class SmtpResponse(Part):
    """`received` line by line; `closed` says that the server closed the connection then.

    `rest` is what no line end followed, `error` what else broke the connection.
    """

    received: list[Any] = []
    rest: Any = None
    closed: bool = False
    error: RecordedError | None = None


class SmtpInteraction(InteractionBase, tag_field="protocol", tag="smtp", kw_only=True):
    """A connection with the server's greeting; or a command, or a message, with its reply."""

    request: SmtpRequest
    response: SmtpResponse | None = None
    error: RecordedError | None = None


def _lines(data: bytes) -> tuple[list[Any], Any]:
    *lines, rest = data.split(_END)
    return [readable(line) for line in lines], readable(rest) if rest else None


def encode_request(ref: SmtpRequestRef) -> SmtpRequest:
    """What was sent, as the cassette keeps it."""
    sent, rest = _lines(ref.data)
    return SmtpRequest(operation=ref.operation, sent=sent, rest=rest, server=ref.server)


def encode_response(ref: SmtpResponseRef) -> SmtpResponse:
    """What came back, as the cassette keeps it."""
    received, rest = _lines(b"".join(ref.lines))
    error = ref.error.encode("read") if ref.error is not None else None
    return SmtpResponse(received=received, rest=rest, closed=ref.closed, error=error)


def wire(response: SmtpResponse) -> bytes:
    """The bytes that came. Raises `ValueDecodingError`."""
    whole = b"".join(_bytes(line) + _END for line in response.received)
    return whole if response.rest is None else whole + _bytes(response.rest)


def _bytes(line: Any) -> bytes:
    value = decode(line)
    return value if isinstance(value, bytes) else str(value).encode("utf-8")


_GREETING = re.compile(r"^(ehlo|helo|lhlo) .*", re.IGNORECASE)
_SIZE = re.compile(r"^(mail from:.*) size=\d+", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"^message-id:", re.IGNORECASE)


def _meant(sent: list[Any]) -> list[Any]:
    """Without the name of the host, and without what `make_msgid` makes of it and the process.

    Nor the size of the message: the ID has a number of digits.
    """
    if len(sent) == 1:
        line = sent[0]
        return [_SIZE.sub(r"\1", _GREETING.sub(r"\1", line))] if isinstance(line, str) else sent
    head = sent.index("") if "" in sent else len(sent)
    kept, within = [], False
    for line in sent[:head]:
        is_text = isinstance(line, str)
        within = is_text and (bool(_MESSAGE_ID.match(line)) or (within and line[:1] in {" ", "\t"}))
        if not within:
            kept.append(line)
    return [*kept, *sent[head:]]


def _meaning(request: SmtpRequest) -> dict[str, Any]:
    found: dict[str, Any] = {"operation": request.operation, "sent": _meant(request.sent)}
    if request.rest is not None:
        found["rest"] = request.rest
    if request.operation != "send":
        found["server"] = request.server
    return found


def key(request: SmtpRequest) -> str:
    """The match key: all that was sent, but for what is the host's and the process's."""
    return json.dumps(_meaning(request), ensure_ascii=False)


def loose_key(request: SmtpRequest) -> str:
    """The key with volatile literals as placeholders."""
    found = _meaning(request)
    found["sent"] = [loosened(line) for line in found["sent"]]
    return json.dumps(found, ensure_ascii=False)


def volatile_pairs(recorded: SmtpRequest, live: SmtpRequest) -> dict[str, str]:
    """Recorded literals to the live ones in their place."""
    return pairs_between(_meaning(recorded), _meaning(live))


def differences(recorded: SmtpRequest, live: SmtpRequest) -> list[str]:
    """What differs, each as ``$.sent[0]: recorded "data", asked "quit"``."""
    return named_differences(_meaning(recorded), _meaning(live))


_LONGEST = 120


def title(request: SmtpRequest) -> str:
    """``rcpt TO:<ada@example.org>``; ``message "Welcome"``; credentials are not shown."""
    if request.operation != "send":
        return f"{request.operation} {request.server}"
    if len(request.sent) != 1:
        return f'message "{_subject(request.sent)}"'
    line = str(request.sent[0])
    if line[:4].upper() == "AUTH":
        return " ".join(line.split(" ")[:2])
    if is_credentials(line):
        return "credentials"
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _subject(sent: list[Any]) -> str:
    found = (str(line) for line in sent if str(line).lower().startswith("subject:"))
    return next(found, "").partition(":")[2].strip()[:_LONGEST]


def outcome(response: SmtpResponse) -> str:
    """The last line of the reply, shortened."""
    if response.error is not None:
        return response.error.type
    if not response.received:
        return "closed" if response.closed else "no reply"
    last = str(response.received[-1])
    return last if len(last) <= _SHORT else last[: _SHORT - 1] + "…"


_SHORT = 24


def asked(request: SmtpRequest) -> list[str]:
    """What was sent, line by line."""
    lines = [*request.sent, *([request.rest] if request.rest is not None else [])]
    return [_shown(line) for line in lines]


def answered(response: SmtpResponse) -> list[str]:
    """What came, line by line."""
    lines = [*response.received, *([response.rest] if response.rest is not None else [])]
    closed = ["(the server closed the connection)"] if response.closed else []
    return [*map(_shown, lines), *closed]


def _shown(line: Any) -> str:
    return line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)


def faults(interaction: SmtpInteraction) -> Iterator[tuple[str, str]]:
    """A reply that is no bytes."""
    if interaction.response is not None:
        try:
            wire(interaction.response)
        except Exception as error:  # noqa: BLE001 - a file can hold anything
            yield "response", str(error)


SMTP = Protocol(
    name="smtp",
    interaction=SmtpInteraction,
    encode_request=encode_request,
    encode_response=encode_response,
    title=title,
    key=key,
    loose_key=loose_key,
    differences=differences,
    refs=(SmtpRequestRef, SmtpResponseRef),
    volatile_pairs=volatile_pairs,
    outcome=outcome,
    asked=asked,
    answered=answered,
    faults=faults,
    hidden=hidden,
    is_personal=True,
)
