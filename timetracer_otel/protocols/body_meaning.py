"""What a request's body says, however it is spelled: the part of it that is matched by."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any
from urllib.parse import parse_qsl

from timetracer_otel.protocols.bodies import content_bytes, json_of
from timetracer_otel.protocols.graphql import graphql_meaning
from timetracer_otel.protocols.http_address import grouped
from timetracer_otel.protocols.http_parts import BodyPart

__all__ = ["body_meaning", "fingerprint", "is_empty"]

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;,]+))', re.IGNORECASE)
_EXACT = 2**53
"""Up to here a float that is whole is that very integer."""

_SHOWN = 4096
"""Longer text of a part of a form stands in the meaning by its SHA-256."""


def is_empty(part: BodyPart) -> bool:
    """Whether nothing was sent and nothing more was meant to be."""
    told = part.size or part.style or part.text or part.base64 or part.sha256
    return part.state == "complete" and not told


def body_meaning(part: BodyPart, headers: list[str]) -> dict[str, Any]:
    """One field that names the kind of body, and its value; JSON values throughout.

    What was sent in part only means its bytes, and does not mean a whole body of the same bytes.
    """
    if part.state != "complete":
        return {"sent in part": _bytes(content_bytes(part))}
    kind = _content_type(headers)
    found = _json(part, kind)
    if found is not None:
        return found
    data = content_bytes(part)
    lowered = kind.lower()
    if lowered.startswith("application/x-www-form-urlencoded"):
        text = data.decode("latin-1")
        fields = parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
        return {"form": grouped(fields)}
    if lowered.startswith("multipart/"):
        boundary = _BOUNDARY.search(kind)
        if boundary is not None:
            return {"multipart": _multipart(boundary[1] or boundary[2], data)}
    if lowered.startswith("application/graphql"):
        return {"graphql": graphql_meaning({"query": data.decode("utf-8", "surrogateescape")})}
    return {"content": _bytes(data)}


def _content_type(headers: list[str]) -> str:
    for line in headers:
        if line[:13].lower() == "content-type:":
            return line[13:].strip()
    return ""


def _json(part: BodyPart, kind: str) -> dict[str, Any] | None:
    """By what the header says, and where it looks like an object or an array whatever it says."""
    value = part.json
    if not isinstance(value, dict | list):
        if "json" in kind.lower() and part.style:
            return {"json": _number(value)}
        data = content_bytes(part)
        if "json" not in kind.lower() and data[:1] not in (b"{", b"["):
            return None
        try:
            value = json_of(data)
        except ValueError:
            return None  # it says JSON and is none: by its bytes, then
    said = graphql_meaning(value)
    return {"graphql": said} if said is not None else {"json": _number(value)}


def _number(value: Any) -> Any:
    """JSON has one kind of number: 1 and 1.0 are the same. True is none."""
    if type(value) is float and abs(value) < _EXACT and math.floor(value) == value:
        return int(value)
    if type(value) is list:
        return [_number(item) for item in value]
    if type(value) is dict:
        return {name: _number(item) for name, item in value.items()}
    return value


def _multipart(boundary: str, data: bytes) -> list[Any]:
    """The parts without their boundary: headers and content of each, in order."""
    line = b"--" + boundary.encode("latin-1")
    pieces = (b"\r\n" + data).split(b"\r\n" + line)
    return [_part(piece) for piece in pieces[1:] if not piece.startswith(b"--")]


def _part(piece: bytes) -> dict[str, Any]:
    head, _, content = piece.partition(b"\r\n\r\n")
    headers = [line.decode("utf-8", "surrogateescape") for line in head.split(b"\r\n") if line]
    named = [name.lower() + ": " + value.strip() for name, _, value in _split(headers)]
    return {"headers": sorted(named), "content": _bytes(content)}


def _split(headers: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in headers]


def _bytes(data: bytes) -> str:
    """As text where it is some, and not too long."""
    if len(data) <= _SHOWN:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return fingerprint(len(data), hashlib.sha256(data).hexdigest())


def fingerprint(size: int, sha256: str) -> str:
    """What stands for bytes; in groups, so that nobody takes it for a literal drawn anew."""
    groups = " ".join(sha256[at : at + 8] for at in range(0, len(sha256), 8))
    return f"{size} bytes, SHA-256 {groups}"
