"""What is written of a value that cannot be recorded by value: its type and its look."""

from __future__ import annotations

import re

from timetracer_otel.values.kinds import JsonValue

__all__ = ["clean_text", "is_encodable", "opaque", "type_name"]

MAX_REPR = 200
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def is_encodable(text: str) -> bool:
    """Whether UTF-8, and so JSON, can say `text`: false if it holds a lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clean_text(text: str) -> str:
    """`text` with lone surrogates as backslash escapes; not to be read back."""
    return text.encode("utf-8", "backslashreplace").decode()


def type_name(kind: type) -> str:
    """``module.qualname``, whatever a metaclass does about it."""
    try:
        return clean_text(f"{kind.__module__}.{kind.__qualname__}")
    except Exception:  # noqa: BLE001 - a metaclass can run any code
        return "unknown"


def opaque(value: object, note: str = "") -> JsonValue:
    """`value` as its type and `note`, or its type and its own look. Never raises.

    Memory addresses are left out of the look: they would differ in every recording.
    """
    text = note or _look(value)
    return {"$opaque": {"type": type_name(type(value)), "repr": text}}


def _look(value: object) -> str:
    try:
        # Cut before the substitution: the repr of a data frame can have megabytes.
        text = _ADDRESS.sub("", repr(value)[: 2 * MAX_REPR])
        return clean_text(text if len(text) <= MAX_REPR else text[: MAX_REPR - 1] + "…")
    except Exception as error:  # noqa: BLE001 - and so can a repr
        return f"<repr failed: {type_name(type(error))}>"
