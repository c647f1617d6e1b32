"""Bodies: bytes to the readable part of a cassette and back to the same bytes."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.codings import code, codings_of, decode_codings
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    JsonStyle,
    RawHeaders,
    header_pairs,
)

__all__ = [
    "body_bytes",
    "content_bytes",
    "encode_body",
    "json_of",
    "readable_content",
    "unread_rest",
    "wire",
    "wire_chunks",
]

_MAX_CHUNKS = 10_000

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
"""Control characters but tab, line feed, form feed, carriage return and escape."""

_JSON_LIMIT = 1024 * 1024
"""Larger JSON stays text: taking it apart would hold the interpreter for too long."""

_CODE_LIMIT = 256 * 1024
"""Longer coded bodies keep their coded form without a try at coding them again."""

_PEEK = 512


def encode_body(body: Body, headers: RawHeaders) -> BodyPart:
    """The cassette's form of what passed through `body`."""
    data = body.chunks[0] if len(body.chunks) == 1 else b"".join(body.chunks)
    codings = codings_of(headers) if data and not body.truncated else []
    part = _coded(data, codings) if codings else readable_content(data)
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
        return readable_content(data)
    part = readable_content(content)
    part.coding = codings
    if len(content) > _CODE_LIMIT or code(content, codings) != data:
        part.raw = base64.b64encode(data).decode("ascii")
    return part


def readable_content(data: bytes) -> BodyPart:
    """Bytes in the most readable form that gives the same bytes again."""
    if not data:
        return BodyPart()
    as_json = _json_part(data)
    if as_json is not None:
        return as_json
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return BodyPart(base64=base64.b64encode(data).decode("ascii"))
    if _UNREADABLE.search(text):
        return BodyPart(base64=base64.b64encode(data).decode("ascii"))
    return BodyPart(text=text)


def _json_part(data: bytes) -> BodyPart | None:
    if data[:1] not in b'{["0123456789-tf' or len(data) > _JSON_LIMIT:
        return None
    style = _style_of(data)
    try:
        value = msgspec.json.decode(data)
        if _json_bytes(value, style) == data:
            return BodyPart(json=value, style=style)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return None


def _style_of(data: bytes) -> JsonStyle:
    """The one spelling worth a try: encoding is what costs."""
    start = data[:_PEEK]
    escaped = b"\\u" in data
    if start[1:2] == b"\n":
        style = "indent-4" if start[2:6] == b"    " else "indent-2"
        style += "-ascii" if escaped else ""
    elif b'": ' in start or b", " in start:
        style = "spaced" if escaped or data.isascii() else "spaced-unicode"
    else:
        style = "compact-ascii" if escaped else "compact"
    found: Any = style + ("-line" if data.endswith(b"\n") else "")
    return found  # type: ignore[no-any-return]


def _json_bytes(value: Any, style: JsonStyle) -> bytes:
    spelling = style.removesuffix("-line")
    end = b"\n" if style.endswith("-line") else b""
    if spelling in ("", "compact"):
        return msgspec.json.encode(value) + end
    escaped = spelling.endswith("-ascii") or spelling == "spaced"
    if spelling == "compact-ascii":
        return json.dumps(value, separators=(",", ":")).encode() + end
    indent = int(spelling.split("-")[1]) if spelling.startswith("indent") else None
    return json.dumps(value, indent=indent, ensure_ascii=escaped).encode() + end


def content_bytes(part: BodyPart) -> bytes:
    """The readable content, codings undone; of a truncated body what was kept."""
    if part.style or part.json is not None:
        return _json_bytes(part.json, part.style)
    if part.text:
        return part.text.encode("utf-8")
    return _base64(part.base64) or b""


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
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def wire(lines: list[str], part: BodyPart | None, *, title: str) -> tuple[RawHeaders, list[bytes]]:
    """The headers, and the bytes in the chunks they came in.

    A body that was edited by hand has its Content-Length mended. Raises `CannotReplay` for a
    truncated body.
    """
    pairs = header_pairs(lines)
    if part is None:
        return pairs, []
    chunks = wire_chunks(part, title=title)
    size = sum(map(len, chunks))
    if size != part.size:
        mended = str(size).encode()
        pairs = [(n, mended if n.lower() == b"content-length" else v) for n, v in pairs]
    return pairs, chunks


def wire_chunks(part: BodyPart, *, title: str) -> list[bytes]:
    """The bytes in the chunks they came in. Raises `CannotReplay` for a truncated body."""
    if part.truncated:
        raise CannotReplay(
            subject=title,
            reason=f"its body of {part.size:,} bytes was cut when it was recorded",
            hint="raise `max_body_kb` (or `max_trace_kb`) and record it again",
        )
    data = body_bytes(part)
    if part.chunks and sum(part.chunks) == len(data):
        return _split(data, part.chunks)
    return [data] if data else []


def unread_rest(part: BodyPart | None, *, title: str) -> CannotReplay | None:
    """Why the body cannot be read beyond what is recorded of it; None where that is its end."""
    if part is None or part.state in ("complete", "aborted"):
        return None
    return CannotReplay(
        subject=title,
        reason=f"only {part.size:,} bytes of its body were read when it was recorded",
        hint="the code reads more of it now; record the request again",
    )


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
