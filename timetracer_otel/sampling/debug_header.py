"""The header that has one request recorded whatever the rules say: signed, and for a while."""

from __future__ import annotations

import hashlib
import hmac
import re

__all__ = ["DEBUG_HEADER", "MIN_KEY", "is_valid", "signed"]

DEBUG_HEADER = "x-timetracer-debug"

MIN_KEY = 16
"""Characters of a key at least: a shorter one could be found by trying."""

_SHAPE = re.compile(r"(\d{1,12})\.([0-9a-f]{64})", re.ASCII)


def signed(key: str, expires: int) -> str:
    """The header's value until `expires`, in seconds since 1970."""
    message = f"{DEBUG_HEADER}:{expires}".encode()
    return f"{expires}.{hmac.new(key.encode(), message, hashlib.sha256).hexdigest()}"


def is_valid(value: str, key: str, now: float) -> bool:
    """Whether `value` was signed with `key`, and its time is not over."""
    found = _SHAPE.fullmatch(value.strip())
    if not key or found is None:
        return False
    expires = int(found[1])
    return hmac.compare_digest(signed(key, expires), f"{expires}.{found[2]}") and now < expires
