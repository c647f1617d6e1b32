"""Bodies: bytes to the readable part of a cassette and back to the same bytes."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from timetracer_otel.protocols.http_parts import BodyPart, RawHeaders
from timetracer_otel.interaction.body import Body

__all__ = ["body_bytes", "encode_body"]

_TEXT_CONTROLS = frozenset("\t\n\r\f\x1b")


def encode_body(body: Body, headers: RawHeaders) -> BodyPart:
    """The cassette's form of what passed through `body`."""
    data = b"".join(body.chunks)
    part = _content(data)
    part.size = body.size
    part.state = body.state
    if len(body.chunks) > 1:
        part.chunks = [len(chunk) for chunk in body.chunks]
    if body.truncated:
        part.truncated, part.sha256 = True, body.sha256
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
    if all(c.isprintable() or c in _TEXT_CONTROLS for c in text):
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


def body_bytes(part: BodyPart) -> bytes:
    """The bytes as they came over the wire."""
    if part.style:
        return _json_bytes(part.json, part.style)
    return part.text.encode("utf-8") if part.text else base64.b64decode(part.base64)


def _json_bytes(value: Any, style: str) -> bytes:
    return msgspec.json.encode(value) if style == "compact" else json.dumps(value).encode()
