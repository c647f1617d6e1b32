"""Three hundred secrets, and all the ways in which somebody could look for one in a file."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from tests.redaction.corpus import EXAMPLES

__all__ = ["Planted", "planted", "spellings"]

_SEARCHABLE = 8
"""A shorter value is in any file by chance."""


@dataclass(frozen=True)
class Planted:
    """`text` stands in a field `name`; `secret` is the part of it that nobody may see."""

    kind: str
    name: str
    text: str
    secret: str


def planted(count: int = 3) -> list[Planted]:
    """`count` of each kind: the same in every process."""
    return list(_planted(count))


def _planted(count: int) -> Iterator[Planted]:
    rng = random.Random("planted")
    for example in EXAMPLES:
        for number in range(count):
            value = example.true(rng)
            if example.kind == "one-time password":
                value += example.true(rng)
            secret = example.secret(value)
            name = example.field or f"note{number}"
            if len(secret) >= _SEARCHABLE:
                yield Planted(example.kind, name, example.before + value, secret)


def spellings(secret: str) -> Iterator[str]:
    """As it is, quoted, escaped, in hexadecimal digits, and in base64 wherever it may begin."""
    yield from {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    yield secret.encode().hex()
    yield secret.replace("\n", "\\n").replace("/", "\\/")
    for before in range(3):
        padded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        core = padded[4 if before else 0 : -4]
        if len(core) >= _SEARCHABLE:
            yield core
            yield core.replace("+", "-").replace("/", "_")
