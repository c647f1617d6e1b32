"""Cassette to bytes: strict JSON, two spaces, keys in the model's order."""

from __future__ import annotations

import msgspec

from timetracer_otel.cassette.model import Cassette

__all__ = ["write_cassette"]

_ENCODER = msgspec.json.Encoder()


def write_cassette(cassette: Cassette) -> bytes:
    """The file's content, UTF-8, ending in a newline; the same cassette gives the same bytes."""
    return msgspec.json.format(_ENCODER.encode(cassette), indent=2) + b"\n"
