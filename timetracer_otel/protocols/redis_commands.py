"""What has to be known of single commands of Redis: which are whose, and what they mean."""

from __future__ import annotations

from typing import Any

from timetracer_otel.protocols.resp import commands_in, first_word
from timetracer_otel.protocols.volatile import loosened

__all__ = [
    "SUBSCRIBING",
    "UNSUBSCRIBING",
    "comparable",
    "loosely_comparable",
    "nature_of",
    "self_evident_reply",
    "without_number",
    "without_secrets",
]

SUBSCRIBING = {
    b"SUBSCRIBE": b"subscribe",
    b"PSUBSCRIBE": b"psubscribe",
    b"SSUBSCRIBE": b"ssubscribe",
}
UNSUBSCRIBING = {
    b"UNSUBSCRIBE": b"unsubscribe",
    b"PUNSUBSCRIBE": b"punsubscribe",
    b"SUNSUBSCRIBE": b"sunsubscribe",
}
"""Confirmed by a message for each channel, among the other messages."""

_PUBSUB = frozenset((*SUBSCRIBING, *UNSUBSCRIBING))

_TOPOLOGY = frozenset((b"ASKING", b"COMMAND", b"READONLY", b"READWRITE", b"SENTINEL"))
"""Asked by the client to find its way, at moments that no request decides."""

_OF_CLUSTER = (b"\r\nSLOTS\r\n", b"\r\nSHARDS\r\n", b"\r\nNODES\r\n", b"\r\nMYID\r\n")
_SPECIAL = frozenset((*_TOPOLOGY, *_PUBSUB, b"CLUSTER", b"PING"))


def nature_of(chunks: tuple[bytes, ...], *, subscribed: bool) -> tuple[int, bool]:
    """How many replies will come to what was sent together, and whether it is the client's own.

    None come to what is confirmed by messages. Raises ValueError for what are no commands.
    """
    first = chunks[0] if chunks else b""
    name = first_word(first)
    if name in _SPECIAL:
        if name in _TOPOLOGY:
            return 1, True
        if name == b"CLUSTER" and any(word in first[:80].upper() for word in _OF_CLUSTER):
            return 1, True
        if name in _PUBSUB or (subscribed and name == b"PING"):
            return 0, False
    if len(chunks) == 1 and first.find(b"\r\n*") < 0:  # one command, without looking into it
        return 1, False
    return len(commands_in(b"".join(chunks))), False


_HIDDEN = b"***"


def without_secrets(command: list[bytes]) -> list[bytes]:
    """The command without a connection's password."""
    name = command[0].upper() if command else b""
    if name == b"AUTH":
        return [*command[:-1], _HIDDEN]
    if name == b"HELLO":
        words = [word.upper() for word in command]
        if b"AUTH" in words:
            place = words.index(b"AUTH") + 2
            return [*command[:place], _HIDDEN, *command[place + 1 :]]
    return command


def without_number(greeting: Any) -> Any:
    """A reply to HELLO without the connection's number: the greetings of all are one then."""
    if isinstance(greeting, dict):
        return {name: 1 if name in _NUMBER else value for name, value in greeting.items()}
    return greeting


_NUMBER = (b"id", "id")

# -- what is compared ----------------------------------------------------------------------------

_UNORDERED = {
    "DEL": 1,
    "EXISTS": 1,
    "PFADD": 2,
    "SADD": 2,
    "SREM": 2,
    "SUBSCRIBE": 1,
    "PSUBSCRIBE": 1,
    "SSUBSCRIBE": 1,
    "TOUCH": 1,
    "UNLINK": 1,
    "UNSUBSCRIBE": 1,
    "WATCH": 1,
}
_UNORDERED_PAIRS = {"HMSET": 2, "HSET": 2, "MSET": 1, "MSETNX": 1}
_SET_UP = {"AUTH": 1, "CLIENT": 2}
"""How much of a command counts: versions of a library and names of hosts do not."""


def comparable(command: list[Any]) -> list[Any]:
    """The command with its arguments in a fixed order where their order means nothing.

    A set that is unpacked into them is in another order in every process.
    """
    name = command[0].upper() if command and isinstance(command[0], str) else ""
    if name in _UNORDERED:
        fixed = _UNORDERED[name]
        return [name, *command[1:fixed], *sorted(command[fixed:], key=str)]
    if name in _UNORDERED_PAIRS:
        fixed = _UNORDERED_PAIRS[name]
        rest = command[fixed:]
        pairs = [rest[place : place + 2] for place in range(0, len(rest), 2)]
        if len({str(pair[0]) for pair in pairs}) == len(pairs):
            ordered = sorted(pairs, key=lambda pair: str(pair[0]))
            return [name, *command[1:fixed], *(item for pair in ordered for item in pair)]
    if name in _SET_UP and _word(command, 1) in ("", "SETINFO", "MAINT_NOTIFICATIONS"):
        return [name, *command[1 : _SET_UP[name]]]
    if name in _SUBCOMMANDS:
        return [name, *command[1:]]
    return command


_SUBCOMMANDS = frozenset(("HELLO", "SELECT", "PING"))


def _word(command: list[Any], place: int) -> str:
    word = command[place] if len(command) > place else ""
    return word.upper() if isinstance(word, str) else ""


_BY_DIGEST = frozenset(("EVALSHA", "EVALSHA_RO"))


def loosely_comparable(command: list[Any]) -> list[Any]:
    """The command with volatile literals as placeholders."""
    fixed = 2 if _word(command, 0) in _BY_DIGEST else 1
    return [*command[:fixed], *(_loosened(argument) for argument in command[fixed:])]


def _loosened(argument: Any) -> Any:
    """Redis has numbers as text: a time is told by its size."""
    if isinstance(argument, str) and argument[:1].isdigit():
        try:
            number = float(argument)
        except ValueError:
            return loosened(argument)
        return loosened(number) if isinstance(loosened(number), str) else loosened(argument)
    return loosened(argument)


# -- what needs no recording ---------------------------------------------------------------------

_OK = frozenset(("ASKING", "AUTH", "READONLY", "READWRITE", "SELECT"))


def self_evident_reply(command: list[Any]) -> Any:
    """What a server says to set up a connection; None for what it cannot be known to say."""
    name, second = _word(command, 0), _word(command, 1)
    if name in _OK:
        return "OK"
    if name == "PING":
        return "PONG"
    if name == "HELLO":
        proto = int(second) if second.isdigit() else 2
        return {"server": "redis", "version": "7.0.0", "proto": proto, "id": 1, "modules": []}
    if name == "CLIENT":
        if second == "MAINT_NOTIFICATIONS":
            return {"$error": f"ERR unknown subcommand '{command[1]}'. Try CLIENT HELP."}
        return 1 if second == "ID" else "OK"
    return None
