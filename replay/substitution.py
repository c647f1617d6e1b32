"""Recorded literals that a loose match replaced, put into later answers by their live ones.

Whole literals only: a UUID, a timestamp or a token where it stands by itself, never a stretch
of other text, and never inside of what is coded (base64, compressed bytes, binary values).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from timetracer_otel.cassette import Interaction
from timetracer_otel.interaction.parts import Part
from timetracer_otel.protocols.bodies import body_bytes
from timetracer_otel.protocols.http_parts import BodyPart, HttpResponse
from timetracer_otel.protocols.volatile import replaced

__all__ = ["spellings", "with_live_values"]

_CODED = frozenset({"$bytes", "base64", "raw"})
"""Keys whose values are coded: text in there is no text."""


def spellings(pairs: Mapping[str, str]) -> dict[str, str]:
    """The pairs, and a UUID's in its other spelling: with dashes, or 32 digits."""
    found = dict(pairs)
    for recorded, live in pairs.items():
        try:
            one, other = UUID(recorded), UUID(live)
        except ValueError:
            continue
        found.setdefault(str(one), str(other))
        found.setdefault(one.hex, other.hex)
    return found


def with_live_values(interaction: Interaction, pairs: Mapping[str, str]) -> Interaction:
    """`interaction` with the live literals in its response; itself where none is in there."""
    response = interaction.response
    if not pairs or response is None:
        return interaction
    made = _http(response, pairs) if isinstance(response, HttpResponse) else _part(response, pairs)
    return interaction if made == response else replace(interaction, response=made)


def _http(response: HttpResponse, pairs: Mapping[str, str]) -> HttpResponse:
    headers = [_text(line, pairs) for line in response.headers]
    body = _body(response.body, pairs) if response.body is not None else None
    if body is not None and body is not response.body:
        headers = [_mended(line, body.size) for line in headers]
    return replace(response, headers=headers, body=body)


def _body(part: BodyPart, pairs: Mapping[str, str]) -> BodyPart:
    """The content changed, and what is said of its bytes with it."""
    made = replace(part, json=_walk(part.json, pairs), text=_text(part.text, pairs))
    if made == part or part.truncated:
        return part
    made.raw = ""
    size = len(body_bytes(made))
    if size != part.size:
        made.size, made.chunks = size, []
    return made


def _mended(line: str, size: int) -> str:
    name, _, value = line.partition(": ")
    return f"{name}: {size}" if name.lower() == "content-length" and value.isdigit() else line


def _part(part: Part, pairs: Mapping[str, str]) -> Any:
    return msgspec.convert(_walk(msgspec.to_builtins(part), pairs), type(part))


def _walk(value: Any, pairs: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _text(value, pairs)
    if isinstance(value, list | tuple):
        return [_walk(item, pairs) for item in value]
    if isinstance(value, dict):
        return {
            _text(key, pairs): item if key in _CODED else _walk(item, pairs)
            for key, item in value.items()
        }
    return value


def _text(text: str, pairs: Mapping[str, str]) -> str:
    if text in pairs:
        return pairs[text]
    return replaced(text, pairs) if any(recorded in text for recorded in pairs) else text
