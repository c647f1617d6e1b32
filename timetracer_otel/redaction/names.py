"""What the name of a field says of its value: exact words, never stretches of them."""

from __future__ import annotations

import re
from functools import lru_cache

from timetracer_otel.redaction.kinds import KINDS, Kind

__all__ = ["is_field_name", "kind_of_name", "words_of"]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_LONGEST_NAME = 80

_WHAT_OF_IT = frozenset(
    {
        *("hash", "hashed", "digest", "value", "confirm", "confirmation", "confirmed", "again"),
        *("encrypted", "plain", "plaintext", "raw", "text", "string", "str", "header", "input"),
        *("field", "number", "no", "num", "data", "b64", "base64", "encoded", "primary"),
        *("new", "old", "current", "repeat", "last4", "full", "normalized", "canonical"),
    }
)
"""Words behind another that still mean the same thing: a hash of a password is to be hidden, the
date of its change (``password_changed_at``) is not."""

_PREFIX_DECIDES = frozenset(
    {
        *("ip", "email", "e", "mail", "mac", "url", "web", "http", "server", "bind", "listen"),
        *("memory", "contract", "site", "host", "broker", "service", "remote", "local", "peer"),
    }
)
"""``server address`` is no postal address."""

_NOT_TOKENS = frozenset(
    {
        *("next", "page", "max", "continuation", "num", "cursor", "sync", "total", "prompt"),
        *("completion", "tokens", "cancel", "cancellation", "pagination", "previous", "start"),
    }
)
"""``next_token`` continues a list, and lets nobody in."""


def words_of(name: str) -> tuple[str, ...]:
    """``"cardNumber"``, ``"card_number"`` and ``"X-Card-Number"`` are made of words."""
    return tuple(word.lower() for word in _WORDS.findall(name[:_LONGEST_NAME]))


_NAMES: dict[tuple[str, ...], Kind] = {
    words_of(words): kind for kind in KINDS for words in kind.words
}
# in SQL a name that is not quoted has lost its capitals
_TABLE = {("".join(words),): kind for words, kind in _NAMES.items()} | _NAMES
_MOST_WORDS = max(map(len, _TABLE))


@lru_cache(maxsize=8192)
def kind_of_name(name: str) -> Kind | None:
    """The kind of datum that a field of this name holds; None for a name that says nothing."""
    words = words_of(name)
    while words and (words[-1].isdigit() or words[-1] in _WHAT_OF_IT) and words not in _TABLE:
        found = _at_the_end(words)
        if found is not None:
            return found
        words = words[:-1]
    return _at_the_end(words)


def is_field_name(text: str) -> bool:
    """Whether `text` is no more than the name of a field: ``password`` is many a password."""
    return words_of(text) in _TABLE


def _at_the_end(words: tuple[str, ...]) -> Kind | None:
    """The longest entry of the table that the name ends with: its head says what it is."""
    for length in range(min(_MOST_WORDS, len(words)), 0, -1):
        found = _TABLE.get(words[-length:])
        if found is not None:
            before = words[-length - 1] if len(words) > length else ""
            return None if _says_otherwise(found, before) else found
    return None


def _says_otherwise(kind: Kind, before: str) -> bool:
    if kind.name == "postal address":
        return before in _PREFIX_DECIDES
    return kind.name == "token" and before in _NOT_TOKENS
