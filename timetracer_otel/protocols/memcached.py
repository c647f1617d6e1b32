"""memcached: what a client sends and is answered; how it is encoded, matched and titled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from timetracer_otel.interaction import ErrorFamily, register_errors
from timetracer_otel.interaction.failures import Failure
from timetracer_otel.interaction.parts import InteractionBase, Part, RecordedError
from timetracer_otel.protocols.differences import named_differences, shortened
from timetracer_otel.protocols.memcached_hiding import hidden
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.resp import readable
from timetracer_otel.protocols.volatile import loosened, pairs_between
from timetracer_otel.values import decode

__all__ = [
    "MEMCACHED",
    "MemcachedInteraction",
    "MemcachedRequest",
    "MemcachedRequestRef",
    "MemcachedResponse",
    "MemcachedResponseRef",
    "register_memcached_errors",
    "wire",
]

_END = b"\r\n"


@dataclass(slots=True)
class MemcachedRequestRef:
    """What was sent in one go. `operation` is ``call``, or ``connect`` where that failed."""

    data: bytes = b""
    operation: str = "call"
    server: str = ""


@dataclass(slots=True)
class MemcachedResponseRef:
    """What came back, in the pieces it came in; `error` is what broke the connection then."""

    pieces: list[bytes]
    closed: bool = False
    error: Failure | None = None


class MemcachedRequest(Part):
    """`sent` line by line: a command line, and its block of data as one piece where it has one.

    Pieces are text where they are UTF-8. `server` is for people, and no part of the key.
    """

    operation: str = "call"
    sent: list[Any] = []
    server: str = ""


class MemcachedResponse(Part):
    """`received` line by line, blocks of data as one piece; `rest` is what no line end followed.

    `closed` says that the server closed the connection then; `error` what else broke it.
    """

    received: list[Any] = []
    rest: Any = None
    closed: bool = False
    error: RecordedError | None = None


class MemcachedInteraction(InteractionBase, tag_field="protocol", tag="memcached", kw_only=True):
    """One exchange with a server."""

    request: MemcachedRequest
    response: MemcachedResponse | None = None
    error: RecordedError | None = None


_STORING = frozenset((b"set", b"add", b"replace", b"append", b"prepend", b"cas"))


def _pieces(data: bytes, *, answer: bool) -> tuple[list[bytes], bytes]:
    """Lines and blocks of data without the line ends between them, and what comes after."""
    found: list[bytes] = []
    while data:
        line, end, rest = data.partition(_END)
        if not end:
            return found, data
        found.append(line)
        data = rest
        length = _block_after(line.split(b" "), answer=answer)
        if length is not None and data[length : length + 2] == _END:
            found.append(data[:length])
            data = data[length + 2 :]
    return found, b""


def _block_after(words: list[bytes], *, answer: bool) -> int | None:
    """The length of the block that a line announces."""
    place = None
    if words[0] == b"VALUE" and answer:
        place = 3
    elif words[0] in _STORING and not answer:
        place = 4
    elif words[0] in (b"VA", b"ms"):  # meta commands
        place = 1 if words[0] == b"VA" else 2
    if place is None or len(words) <= place or not words[place].isdigit():
        return None
    return int(words[place])


def encode_request(ref: MemcachedRequestRef) -> MemcachedRequest:
    """What was sent, as the cassette keeps it."""
    pieces, rest = _pieces(ref.data, answer=False)
    sent = [readable(piece) for piece in pieces] + ([readable(rest)] if rest else [])
    return MemcachedRequest(operation=ref.operation, sent=sent, server=ref.server)


def encode_response(ref: MemcachedResponseRef) -> MemcachedResponse:
    """What came back, as the cassette keeps it."""
    pieces, rest = _pieces(b"".join(ref.pieces), answer=True)
    return MemcachedResponse(
        received=[readable(piece) for piece in pieces],
        rest=readable(rest) if rest else None,
        closed=ref.closed,
        error=ref.error.encode("read") if ref.error is not None else None,
    )


def wire(response: MemcachedResponse) -> bytes:
    """The bytes that came. Raises `ValueDecodingError`."""
    whole = b"".join(_bytes(piece) + _END for piece in response.received)
    return whole if response.rest is None else whole + _bytes(response.rest)


def _bytes(piece: Any) -> bytes:
    value = decode(piece)
    return value if isinstance(value, bytes) else str(value).encode("utf-8")


_LONGEST = 200


def _commands(sent: list[Any]) -> list[str]:
    """The command lines alone."""
    lines, place = [], 0
    while place < len(sent):
        line = sent[place] if isinstance(sent[place], str) else shortened(sent[place])
        lines.append(line)
        block = _block_after(line.encode("utf-8").split(b" "), answer=False)
        place += 1 if block is None else 2
    return lines


def title(request: MemcachedRequest) -> str:
    """``get user:7``; ``set user:7 0 0 120``."""
    if request.operation == "connect":
        return f"connect {request.server}"
    line = "; ".join(_commands(request.sent))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _meaning(request: MemcachedRequest) -> dict[str, Any]:
    found: dict[str, Any] = {"operation": request.operation, "sent": request.sent}
    if request.operation == "connect":
        found["server"] = request.server
    return found


def key(request: MemcachedRequest) -> str:
    """The match key: all that was sent, the keys of a `get` in a fixed order."""
    found = _meaning(request)
    found["sent"] = [_ordered(piece) for piece in found["sent"]]
    return json.dumps(found, ensure_ascii=False)


def _ordered(piece: Any) -> Any:
    """Keys may come out of a set, in another order in every process; answers name theirs."""
    if isinstance(piece, str) and piece.startswith(("get ", "gets ")):
        verb, *keys = piece.split(" ")
        return " ".join([verb, *sorted(keys)])
    return piece


def loose_key(request: MemcachedRequest) -> str:
    """The key with volatile literals as placeholders."""
    found = _meaning(request)
    found["sent"] = [loosened(_ordered(piece)) for piece in found["sent"]]
    return json.dumps(found, ensure_ascii=False)


def volatile_pairs(recorded: MemcachedRequest, live: MemcachedRequest) -> dict[str, str]:
    """Recorded literals to the live ones in their place."""
    return pairs_between(_meaning(recorded), _meaning(live))


def differences(recorded: MemcachedRequest, live: MemcachedRequest) -> list[str]:
    """What differs, each as ``$.sent[0]: recorded "get a", asked "get b"``."""
    return named_differences(_meaning(recorded), _meaning(live))


def outcome(response: MemcachedResponse) -> str:
    """The last line, or how many values came."""
    if response.error is not None:
        return response.error.type
    lines = response.received
    values = sum(1 for line in lines if isinstance(line, str) and line.startswith("VALUE "))
    if values or lines == ["END"]:
        return "1 value" if values == 1 else f"{values} values"
    if not lines:
        return "closed" if response.closed else "no reply"
    last = lines[-1] if isinstance(lines[-1], str) else "bytes"
    return last if len(last) <= _SHORT else last[: _SHORT - 1] + "…"


_SHORT = 16


def asked(request: MemcachedRequest) -> list[str]:
    """What was sent, a piece a line."""
    return [_shown(piece) for piece in request.sent]


def answered(response: MemcachedResponse) -> list[str]:
    """What came, a piece a line."""
    lines = [_shown(piece) for piece in response.received]
    if response.rest is not None:
        lines.append(_shown(response.rest))
    return [*lines, "(the server closed the connection)"] if response.closed else lines


def _shown(piece: Any) -> str:
    return piece if isinstance(piece, str) else json.dumps(piece, ensure_ascii=False)


def faults(interaction: MemcachedInteraction) -> Iterator[tuple[str, str]]:
    """An answer that is no bytes."""
    if interaction.response is not None:
        try:
            wire(interaction.response)
        except Exception as error:  # noqa: BLE001 - a file can hold anything
            yield "response", str(error)


def register_memcached_errors() -> None:
    """The exceptions of pymemcache, which have nothing but their args."""
    register_errors([ErrorFamily("pymemcache")])


MEMCACHED = Protocol(
    name="memcached",
    interaction=MemcachedInteraction,
    encode_request=encode_request,
    encode_response=encode_response,
    title=title,
    key=key,
    loose_key=loose_key,
    differences=differences,
    refs=(MemcachedRequestRef, MemcachedResponseRef),
    hidden=hidden,
    volatile_pairs=volatile_pairs,
    outcome=outcome,
    asked=asked,
    answered=answered,
    faults=faults,
)
