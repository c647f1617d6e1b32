"""What a function of the application's made of bytes: its name and the bytes, never the result."""

from __future__ import annotations

from dataclasses import dataclass

from timetracer_otel.values.buffers import dump_bytes, load_bytes
from timetracer_otel.values.kinds import JsonValue, Leaf, fields_of, text_of

__all__ = ["CONVERTED", "Converted"]


@dataclass(frozen=True, slots=True)
class Converted:
    """A cell of SQLite that the application's own converter has read.

    Nothing here runs it: who replays asks the converter that the application has registered.
    """

    converter: str
    raw: bytes


def _dump(value: Converted) -> JsonValue:
    return {"converter": value.converter, "bytes": dump_bytes(value.raw)}


def _load(_kind: type, payload: JsonValue) -> Converted:
    fields = fields_of(payload, "converter", "bytes")
    return Converted(text_of(fields["converter"]), load_bytes(fields["bytes"]))


CONVERTED = (
    Leaf(
        "$converted",
        "bytes that a converter of the application's own reads (SQLite): its name and the bytes",
        Converted,
        _dump,
        _load,
    ),
)
