"""What a key is, and what a place that keeps keys has to offer."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

__all__ = ["KEY_BYTES", "Key", "Keys"]

KEY_BYTES = 32
_ID_LETTERS = 12


@dataclass(frozen=True)
class Key:
    """A secret of 32 bytes and the name that cassettes call it by.

    The name is made from the secret, so that one key has one name wherever it is kept, and says
    nothing about it. `lasting` is False for a key that ends with the process.
    """

    secret: bytes = field(repr=False)
    lasting: bool = True

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(self.secret)}")

    @cached_property
    def id(self) -> str:
        """The name: 12 hexadecimal digits."""
        return self.derived("name").hex()[:_ID_LETTERS]

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose alone (HKDF-SHA256, RFC 5869: one block)."""
        extracted = hmac.digest(b"timetracer", self.secret, hashlib.sha256)
        return hmac.digest(extracted, purpose.encode() + b"\x01", hashlib.sha256)


class Keys(Protocol):
    """A place that keeps keys: the environment, a file, a vault, a key management service."""

    def current(self) -> Key:
        """The key that new recordings are redacted with."""

    def named(self, key_id: str) -> Key:
        """The key of that name. Raises `KeyMissing`."""
