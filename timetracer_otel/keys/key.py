"""What a key is, and what a place that keeps keys has to offer."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

__all__ = ["KEY_BYTES", "Key", "Keys", "Place", "Service", "WrappingKey"]

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


@dataclass(frozen=True)
class WrappingKey:
    """What the data keys of cassettes are wrapped with: 32 bytes, and how they are found again.

    `wrapped` is `secret` as the service of that name alone can open it; empty for a key that is
    given out by its place.
    """

    id: str
    secret: bytes = field(repr=False)
    wrapped: str = ""


class Keys(Protocol):
    """All keys of a process, wherever they are kept."""

    def current(self) -> Key:
        """The key that new recordings are redacted with."""

    def named(self, key_id: str) -> Key:
        """The key of that name. Raises `KeyMissing`."""


class Place(Protocol):
    """A place that gives its keys out: the environment, a file, a command, a vault's secret."""

    @property
    def where(self) -> str:
        """As a person would say it."""

    def current(self) -> Key:
        """The first of its keys. Raises `KeyUnavailable`."""

    def known(self) -> list[Key]:
        """All of them, the current one first. Raises `KeyUnavailable`."""

    def add(self, key: Key) -> None:
        """Keep one more, which is current from now on. Raises `KeyUnavailable`."""


class Service(Protocol):
    """A service that never gives its keys out, and wraps with them: Vault's transit, AWS KMS.

    Every method raises `KeyUnavailable`.
    """

    @property
    def where(self) -> str:
        """As the setting `keys` names it."""

    def wrap(self, secret: bytes) -> tuple[str, str]:
        """The name of the key it was wrapped with, and `secret` as only the service can open it."""

    def is_its_own(self, key_id: str) -> bool:
        """Whether the key of that name is one of this service's."""

    def unwrap(self, key_id: str, wrapped: str) -> bytes:
        """The secret again."""

    def rotate(self) -> None:
        """Wrap with a new key from now on; what was wrapped before can still be opened."""
