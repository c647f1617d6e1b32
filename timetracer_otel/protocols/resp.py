"""Redis's wire format, RESP: commands out of what was sent, replies into what is received.

In a cassette a command is a list of its arguments and a reply a JSON value; bytes are text
where they are UTF-8. What the wire tells apart and no client does (simple and bulk strings,
null of a string and of an array) is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from timetracer_otel.values import decode, encode

__all__ = [
    "ErrorReply",
    "commands_in",
    "error_line",
    "first_word",
    "keep_reply",
    "readable",
    "readable_reply",
    "wire_reply",
]

_END = b"\r\n"
_ERROR = "$error"
_SET = "$set"
_MAP = "$map"

_CODES = {
    "AskError": "ASK",
    "AuthenticationError": "WRONGPASS",
    "AuthenticationWrongNumberOfArgsError": "ERR",
    "BusyLoadingError": "LOADING",
    "ClusterCrossSlotError": "CROSSSLOT",
    "ClusterDownError": "CLUSTERDOWN",
    "ExecAbortError": "EXECABORT",
    "ExternalAuthProviderError": "ERR",
    "MasterDownError": "MASTERDOWN",
    "ModuleError": "ERR",
    "MovedError": "MOVED",
    "NoPermissionError": "NOPERM",
    "NoScriptError": "NOSCRIPT",
    "OutOfMemoryError": "OOM",
    "ReadOnlyError": "READONLY",
    "TryAgainError": "TRYAGAIN",
}
"""The code that redis-py took off the line, for releases that do not keep it (before 7)."""

_FULL = "max number of clients reached"


class ErrorReply:
    """A reply that is an error: the line as the server sent it."""

    __slots__ = ("line",)

    def __init__(self, line: str) -> None:
        self.line = line


def error_line(error: BaseException) -> str | None:
    """What the server must have said for redis-py to raise `error`; None if it said nothing."""
    text = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    code = getattr(error, "status_code", None)
    if code is None:
        code = "ERR" if text == _FULL else _CODES.get(type(error).__name__)
    if code is not None:
        return f"{code} {text}" if text else str(code)
    return text if type(error).__name__ == "ResponseError" else None


_FLAT = frozenset((bytes, str, int, type(None), float, bool))
_ONE_KIND = ({bytes}, {str})
_ITEM = 50
"""Bytes that an item of a list is taken to hold besides its own: exact sizes cost too much."""


def keep_reply(reply: Any) -> tuple[Any, int]:
    """A parsed reply as it is now, and about how many bytes it holds.

    Lists are the application's to change, and pipelines rewrite errors' messages.
    """
    kind = type(reply)
    if kind is bytes or kind is str:
        return reply, len(reply)
    if kind in _FLAT:
        return reply, 0
    if kind is list:
        kinds = set(map(type, reply))
        if kinds in _ONE_KIND:
            return reply.copy(), sum(map(len, reply)) + _ITEM * len(reply)
        return _keep_all(reply)
    return _keep_other(reply)


def _keep_other(reply: Any) -> tuple[Any, int]:
    if isinstance(reply, dict):
        keys, size = _keep_all(reply.keys())
        values, more = _keep_all(reply.values())
        return dict(zip(keys, values, strict=True)), size + more
    if isinstance(reply, Exception):
        return ErrorReply(error_line(reply) or str(reply)), _ITEM
    if isinstance(reply, list | tuple):
        return _keep_all(reply)
    if isinstance(reply, set | frozenset):  # before redis-py 6
        kept, size = _keep_all(reply)
        return set(kept), size
    return reply, 0


def _keep_all(items: Any) -> tuple[list[Any], int]:
    kept = [keep_reply(item) for item in items]
    return [value for value, _ in kept], sum(size for _, size in kept) + _ITEM * len(kept)


# -- what was sent ------------------------------------------------------------------------------


def first_word(chunk: bytes) -> bytes:
    """The name of the command that `chunk` begins with, in capitals; empty if it is none."""
    start = chunk.find(_END, chunk.find(_END) + 2) + 2
    return chunk[start : chunk.find(_END, start)].upper()


def commands_in(data: bytes) -> list[list[bytes]]:
    """The commands that a client has packed. Raises ValueError for anything else."""
    found, place = [], 0
    while place < len(data):
        count, place = _header(data, place, b"*")
        arguments = []
        for _ in range(count):
            length, place = _header(data, place, b"$")
            arguments.append(data[place : place + length])
            place += length + 2
        found.append(arguments)
    return found


def _header(data: bytes, place: int, kind: bytes) -> tuple[int, int]:
    end = data.index(_END, place)
    if data[place : place + 1] != kind:
        raise ValueError(f"{data[place:end]!r} is no command")
    return int(data[place + 1 : end]), end + 2


# -- as a cassette has it -----------------------------------------------------------------------


def readable(data: bytes) -> Any:
    """Text where it is UTF-8, else a tagged value."""
    try:
        return encode(data.decode("utf-8"))
    except UnicodeDecodeError:
        return encode(data)


def readable_reply(reply: Any, encoding: str = "utf-8") -> Any:
    """A parsed reply as JSON. `encoding` is the one that the client decoded text with."""
    if isinstance(reply, bytes | str):
        return readable(reply if isinstance(reply, bytes) else _bytes_of(reply, encoding))
    if isinstance(reply, ErrorReply):
        return {_ERROR: reply.line}
    if isinstance(reply, list | tuple | set):
        items = [readable_reply(item, encoding) for item in reply]
        return {_SET: sorted(items, key=repr)} if isinstance(reply, set) else items
    return _readable_map(reply, encoding) if isinstance(reply, dict) else encode(reply)


def _bytes_of(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:  # decoded with `surrogateescape`, or with `replace`
        return b"".join(_byte_of(character, encoding) for character in text)


def _byte_of(character: str, encoding: str) -> bytes:
    try:
        return character.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return b"\xff"


def _readable_map(reply: dict[Any, Any], encoding: str) -> Any:
    pairs = [
        [readable_reply(name, encoding), readable_reply(value, encoding)]
        for name, value in reply.items()
    ]
    if all(isinstance(name, str) and name[:1] != "$" for name, _ in pairs):
        return dict(pairs)
    return {_MAP: pairs}


# -- what is received ---------------------------------------------------------------------------


def wire_reply(value: Any, *, resp3: bool, push: bool = False) -> bytes:
    """A reply of a cassette as a server would send it. Raises `ValueDecodingError`."""
    return b"".join(_pieces(value, resp3, push))


def _pieces(value: Any, resp3: bool, push: bool = False) -> Iterator[bytes]:
    if isinstance(value, dict):
        yield from _tagged(value, resp3)
    elif isinstance(value, list):
        yield b"%s%d\r\n" % (b">" if push and resp3 else b"*", len(value))
        for item in value:
            yield from _pieces(item, resp3)
    else:
        yield _scalar(value, resp3)


def _tagged(value: dict[str, Any], resp3: bool) -> Iterator[bytes]:
    tag = next(iter(value), "")
    if tag == _ERROR:
        line = str(value[tag]).encode("utf-8")
        whole = resp3 and (b"\n" in line or b"\r" in line)
        yield b"!%d\r\n%s\r\n" % (len(line), line) if whole else b"-%s\r\n" % line
    elif tag == _SET:
        yield b"%s%d\r\n" % (b"~" if resp3 else b"*", len(value[tag]))
        for item in value[tag]:
            yield from _pieces(item, resp3)
    elif tag == _MAP or tag[:1] != "$":
        pairs = value[_MAP] if tag == _MAP else list(value.items())
        yield b"%%%d\r\n" % len(pairs) if resp3 else b"*%d\r\n" % (2 * len(pairs))
        for pair in pairs:
            for item in pair:
                yield from _pieces(item, resp3)
    else:
        yield _scalar(decode(value), resp3)


def _scalar(value: Any, resp3: bool) -> bytes:
    if value is None:
        return b"_\r\n" if resp3 else b"$-1\r\n"
    if isinstance(value, bool):
        return (b"#t\r\n" if value else b"#f\r\n") if resp3 else b":%d\r\n" % value
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, float) and resp3:
        return b",%s\r\n" % repr(value).encode()
    data = value if isinstance(value, bytes) else str(value).encode("utf-8")
    return b"$%d\r\n%s\r\n" % (len(data), data)
