"""MongoDB's wire protocol: messages taken apart and put together."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Message",
    "begins_with",
    "expects_no_reply",
    "head",
    "message_of",
    "plain",
    "reply_to",
    "request_id_of",
]

_HEADER = struct.Struct("<iiii")
_COMPRESSION = struct.Struct("<iiB")
_INT = struct.Struct("<i")
_LEGACY_REPLY = struct.Struct("<iqii")

_OP_REPLY = 1
_OP_QUERY = 2004
_OP_COMPRESSED = 2012
_OP_MSG = 2013

_CHECKSUM_PRESENT = 1
_MORE_TO_COME = 2
_BODY = 16
_FLAGS = _BODY
_NAME = _BODY + 4 + 1 + 4 + 1
"""Flags, kind of section, length of document, type of its first field: then the field's name."""
_MAX_MESSAGE = 64 * 1024 * 1024
_HEAD = 64
_ZLIB = 2


@dataclass(frozen=True, slots=True)
class Message:
    """One request: its command document and the sequences of documents beside it, as BSON."""

    request_id: int
    document: bytes
    sequences: tuple[tuple[str, tuple[bytes, ...]], ...] = ()
    legacy: bool = False


def plain(message: bytes) -> bytes:
    """The message as it was before it was compressed, if it was."""
    length, request_id, response_to, code = _HEADER.unpack_from(message)
    if code != _OP_COMPRESSED:
        return message
    code, size, compressor = _COMPRESSION.unpack_from(message, _BODY)
    body = _decompressed(message[_BODY + _COMPRESSION.size : length], compressor)
    if len(body) != size:
        raise ValueError("a compressed message has another size than it says")
    return _HEADER.pack(_BODY + size, request_id, response_to, code) + body


def head(message: bytes) -> bytes:
    """The beginning of the message as it was before it was compressed, for the two below.

    Asked on the request's own path: a command may hold megabytes.
    """
    _, request_id, response_to, code = _HEADER.unpack_from(message)
    if code != _OP_COMPRESSED:
        return message
    code, _, compressor = _COMPRESSION.unpack_from(message, _BODY)
    if compressor != _ZLIB:
        return plain(message)
    body = zlib.decompressobj().decompress(message[_BODY + _COMPRESSION.size :], _HEAD)
    return _HEADER.pack(0, request_id, response_to, code) + body


def _decompressed(data: bytes, compressor: int) -> bytes:
    from pymongo import compression_support

    decompress: Any = compression_support.decompress
    try:
        body = decompress(data, compressor, _MAX_MESSAGE)
    except TypeError:  # before PyMongo 4.17
        body = decompress(data, compressor)
    return bytes(body)


def begins_with(message: bytes, names: tuple[bytes, ...]) -> bool:
    """Whether its `head` is one of these commands, each name with a zero byte after it."""
    return message.startswith(names, _NAME)


def expects_no_reply(message: bytes) -> bool:
    """Whether its `head` is that of an unacknowledged write."""
    return _HEADER.unpack_from(message)[3] == _OP_MSG and bool(message[_FLAGS] & _MORE_TO_COME)


def request_id_of(message: bytes) -> int:
    """The number that its reply will name."""
    return int(_HEADER.unpack_from(message)[1])


def message_of(message: bytes) -> Message:
    """The parts of a request. Raises ValueError or struct.error for what is none."""
    message = plain(message)
    length, request_id, _, code = _HEADER.unpack_from(message)
    if code == _OP_QUERY:
        start = message.index(0, _BODY + 4) + 1 + 8
        return Message(request_id, message[start : start + _size(message, start)], legacy=True)
    if code != _OP_MSG:
        raise ValueError(f"messages of kind {code} are not known")
    (flags,) = _INT.unpack_from(message, _FLAGS)
    end = length - 4 if flags & _CHECKSUM_PRESENT else length
    document = b""
    sequences = []
    for kind, section in _sections(message, _BODY + 4, end):
        if kind == 0:
            document = section
        else:
            sequences.append(_sequence(section))
    return Message(request_id, document, tuple(sequences))


def _sections(message: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    while start < end:
        kind, start = message[start], start + 1
        size = _size(message, start)
        yield kind, message[start : start + size]
        start += size


def _size(message: bytes, start: int) -> int:
    (size,) = _INT.unpack_from(message, start)
    if size < _INT.size:
        raise ValueError("a document of no size")
    return int(size)


def _sequence(section: bytes) -> tuple[str, tuple[bytes, ...]]:
    name_end = section.index(0, _INT.size)
    documents, start = [], name_end + 1
    while start < len(section):
        size = _size(section, start)
        documents.append(section[start : start + size])
        start += size
    return section[_INT.size : name_end].decode(), tuple(documents)


def reply_to(
    request_id: int, document: bytes, *, more: bool = False, legacy: bool = False
) -> bytes:
    """The message of the server that answers with `document`; `more` says that others follow."""
    if legacy:
        size = _HEADER.size + _LEGACY_REPLY.size + len(document)
        header = _HEADER.pack(size, request_id, request_id, _OP_REPLY)
        return header + _LEGACY_REPLY.pack(8, 0, 0, 1) + document
    size = _HEADER.size + _INT.size + 1 + len(document)
    header = _HEADER.pack(size, request_id, request_id, _OP_MSG)
    return header + _INT.pack(_MORE_TO_COME if more else 0) + b"\0" + document
