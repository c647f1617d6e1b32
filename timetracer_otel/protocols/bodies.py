"""Bodies: bytes to the readable part of a cassette and back to the same bytes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.codings import code, codings_of, decode_codings
from timetracer_otel.protocols.http_parts import BodyPart, RawHeaders

__all__ = ["body_bytes", "content_bytes", "encode_body", "wire_chunks"]

_TEXT_CONTROLS = frozenset("\t\n\r\f\x1b")
_MAX_CHUNKS = 10_000


def encode_body(body: Body, headers: RawHeaders) -> BodyPart:
    """The cassette's form of what passed through `body`."""
    data = b"".join(body.chunks)
    codings = codings_of(headers) if data else []
    part = _coded(data, codings) if codings else _content(data)
    part.size = body.size
    part.state = body.state
    if 1 < len(body.chunks) <= _MAX_CHUNKS:
        part.chunks = [len(chunk) for chunk in body.chunks]
    if body.truncated:
        part.truncated, part.sha256 = True, body.sha256
    return part


def _coded(data: bytes, codings: list[str]) -> BodyPart:
    """Readable where the codings can be undone; `raw` beside it unless they give these bytes."""
    content = decode_codings(data, codings)
    if content is None:
        return _content(data)
    part = _content(content)
    part.coding = codings
    if code(content, codings) != data:
        part.raw = base64.b64encode(data).decode("ascii")
    return part


def _content(data: bytes) -> BodyPart:
    if not data:
        return BodyPart()
    as_json = _json_part(data)
    if as_json is not None:
        return as_json
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return BodyPart(base64=base64.b64encode(data).decode("ascii"))
    if text.isprintable() or all(c.isprintable() or c in _TEXT_CONTROLS for c in text):
        return BodyPart(text=text)
    return BodyPart(base64=base64.b64encode(data).decode("ascii"))


def _json_part(data: bytes) -> BodyPart | None:
    if data[:1] not in b'{["0123456789-tfn':
        return None
    try:
        value = msgspec.json.decode(data)
        if msgspec.json.encode(value) == data:
            return BodyPart(json=value, style="compact")
        if json.dumps(value).encode() == data:
            return BodyPart(json=value, style="spaced")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return None


def content_bytes(part: BodyPart) -> bytes:
    """The readable content, codings undone."""
    if part.style == "compact":
        return msgspec.json.encode(part.json)
    if part.style == "spaced":
        return json.dumps(part.json).encode()
    return part.text.encode("utf-8") if part.text else base64.b64decode(part.base64)


def body_bytes(part: BodyPart) -> bytes:
    """The bytes as they came over the wire.

    A body whose readable form was edited by hand is coded anew: then `raw` no longer says the
    same and is passed over.
    """
    content = content_bytes(part)
    if not part.coding:
        return content
    if part.raw:
        raw = _base64(part.raw)
        if raw is not None and decode_codings(raw, part.coding) == content:
            return raw
    coded = code(content, part.coding)
    return coded if coded is not None else content


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return None


def wire_chunks(part: BodyPart, *, title: str) -> list[bytes]:
    """The bytes in the chunks they came in. Raises `CannotReplay` for a truncated body."""
    if part.truncated:
        raise CannotReplay(
            subject=title,
            reason=f"its body of {part.size:,} bytes was cut when it was recorded",
            hint="raise `max_body_kb` (or `max_trace_kb`) and record it again",
        )
    data = body_bytes(part)
    if sum(part.chunks) != len(data):
        return [data] if data else []
    return _split(data, part.chunks)


def _split(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    chunks, start = [], 0
    for size in sizes:
        chunks.append(data[start : start + size])
        start += size
    return chunks


def json_of(data: bytes) -> Any:
    """The JSON value of `data`. Raises `ValueError` where it is none."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None
