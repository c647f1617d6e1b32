"""Keys as text: 32 bytes in base64 each, separated by blanks, the current one first."""

from __future__ import annotations

import base64
import binascii

from timetracer_otel.keys.key import Key

__all__ = ["read_keys", "written"]


def read_keys(text: str) -> list[Key]:
    """The keys of a text. Raises ValueError, which does not say what was in it."""
    found = []
    for word in text.split():
        try:
            found.append(Key(base64.b64decode(word, validate=True)))
        except (binascii.Error, ValueError):
            raise ValueError("not 32 bytes in base64") from None
    return found


def written(keys: list[Key]) -> str:
    """The same, one on a line."""
    return "".join(base64.b64encode(key.secret).decode("ascii") + "\n" for key in keys)
