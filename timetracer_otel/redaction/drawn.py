"""What was drawn at random and came to be a secret: a session's token, a key.

Whoever has the draw has the secret, so it is replaced too; by bytes from which the same code
makes that secret's pseudonym.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from timetracer_otel.cassette import Draws
from timetracer_otel.redaction.pseudonyms import Noise, of_bytes

__all__ = ["hidden_draws"]

_LEAST = 8
_RANDOM_VERSION = 4


def hidden_draws(draws: list[Draws], hidden: Iterable[str], key: bytes) -> list[Draws]:
    """The draws, those replaced that `hidden` values were made of."""
    values = "\n".join(hidden)
    if not values or not draws:
        return draws
    made = [_one(each, values, key) for each in draws]
    return draws if all(a is b for a, b in zip(made, draws, strict=True)) else made


def _one(draws: Draws, values: str, key: bytes) -> Draws:
    made = [_value(value, values, key) for value in draws.values]
    if all(one is other for one, other in zip(made, draws.values, strict=True)):
        return draws
    return replace(draws, values=made)


def _value(value: Any, values: str, key: bytes) -> Any:
    if type(value) is dict and list(value) == ["$bytes"]:
        try:
            data = base64.b64decode(value["$bytes"], validate=True)
        except (binascii.Error, ValueError, TypeError):
            return value
        other = _other(data, values, key)
        return value if other is None else {"$bytes": base64.b64encode(other).decode("ascii")}
    if type(value) is dict and list(value) == ["$int"]:
        text = str(value["$int"])
        number = int(text, 0) if text.startswith("0x") else int(text)
        if f"{number:x}" in values or text in values:
            size = (number.bit_length() + 7) // 8
            other = of_bytes(number.to_bytes(size, "big"), Noise(key, b""))
            made = int.from_bytes(other, "big") >> (8 * size - number.bit_length())
            return {"$int": hex(made) if text.startswith("0x") else str(made)}
    return value


def _other(data: bytes, values: str, key: bytes) -> bytes | None:
    """What to draw instead; None where nothing hidden was made of `data`."""
    if len(data) < _LEAST:
        return None
    noise = Noise(key, b"")
    spelled = base64.urlsafe_b64encode(data).decode().rstrip("=")
    usual = base64.b64encode(data).decode().rstrip("=")
    lowered = values.lower() if data.hex() not in values else values
    if data.hex() in lowered or spelled in values or usual in values:
        return of_bytes(data, noise)
    if len(data) == len(uuid.NAMESPACE_DNS.bytes):
        drawn = str(uuid.UUID(bytes=data, version=_RANDOM_VERSION))
        if drawn in values or drawn.replace("-", "") in values:
            bare = bytearray(uuid.UUID(drawn).bytes)
            bare[6] &= 0x0F
            bare[8] &= 0x3F
            return of_bytes(bytes(bare), noise)
    return None
