"""Whether something can be in a stretch of a cassette at all: asked of the whole before its parts.

Most interactions hold nothing to hide, and this has to say so in microseconds: it goes over the
bytes with what C does for bytes (`translate`, `split`, sets, a few patterns with a first letter).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from timetracer_otel.redaction.kinds import Kind
from timetracer_otel.redaction.names import words_of

__all__ = ["Prefilter"]


def _table(kept: str, *, rest: str = " ", **moved: str) -> bytes:
    """A table for `translate`: `kept` stays, `moved` letters become another, all else `rest`."""
    other = {letter: to for to, letters in moved.items() for letter in letters}
    return bytes(
        ord(other.get(chr(each), chr(each) if chr(each) in kept else rest)) for each in range(256)
    )


_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_NUMERALS = "0123456789"
_WORDS = _table(_LOWER)
_CAPITAL = b"A"
_CAMELS = _table(_LOWER, A=_UPPER)
_DIGITS = bytes(ord("0") if chr(each) in _NUMERALS else each for each in range(256))
_MANY_DIGITS = b"0" * 7
_BETWEEN_DIGITS = b" ./()+-"
_MOMENTS = (
    b'"0000-00-00T00:00:00.000000',
    b'"0000-00-00 00:00:00.000000',
    b'"0000-00-00T00:00:00',
    b'"0000-00-00 00:00:00',
    b'"0000-00-00"',
)
"""What a date and a time of day look like: their digits are no number of anybody's."""

_RUN_LETTERS = _table("", a=_LOWER + _UPPER + _NUMERALS + "_")
_LONG_RUN = b"a" * 16
_ALONE = _table(_LOWER + _UPPER + _NUMERALS + "_")
_HEX = re.compile(rb"[0-9a-fA-F]+")
_READABLE_HEX = re.compile(rb"(?:[2-7][0-9a-fA-F])+")
_CAPITALS = re.compile(rb"[A-Z]{2}[0-9]{2}[A-Z0-9 ]{11}")
_COLONS = re.compile(rb":[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:")
_QUOTED = re.compile(rb"%[0-9A-Fa-f]{2}")
_DOTS = re.compile(rb"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_QUAD = re.compile(rb"[0-9][0-9]{0,2}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")
_OF_NOBODY = (b"127.", b"10.", b"0.", b"192.168.")
_COMMON = frozenset(
    {
        *("id", "name", "number", "no", "key", "code", "date", "card", "account", "line", "app"),
        *("new", "old", "contact", "function", "service", "access", "user", "license", "expiry"),
        *("first", "last", "full", "customer", "security", "application", "exp", "x", "functions"),
        *("billing", "shipping", "delivery", "house", "e", "a", "day", "year", "on", "text"),
        *("signing", "client", "group", "job", "device", "to", "of", "de", "registration"),
        *("post", "api", "postal", "zip", "auth", "push", "magic", "webhook", "sms", "home"),
        *("driver", "drivers", "driving", "licence"),
        *("real", "remote", "true", "response", "employee", "social", "cf", "tax", "sort", "legal"),
    }
)
"""Words that say nothing by themselves: all words of such a name have to be there."""

_TELLING = frozenset(
    {
        *("private", "begin", "argon", "pbkdf", "scrypt", "basic", "bearer", "bot", "otpauth"),
        *("sig", "sg", "pmak", "hmac", "xoxb", "xoxp", "xoxa", "xoxe", "xoxr", "xoxs", "xoxo"),
        *("discord", "discordapp", "slack"),
    }
)
"""Words that stand in what has a pattern; most of that is a long run besides: see `needs`."""

_LITERALS = (b"::", b"key-", b"-us")
_HASHES = (b"$2", b"$6$", b"$5$", b"$1$", b"$y$")

_BETWEEN_WORDS = b"-_ ."
_MIXED = 4
_LONG = 20


class Prefilter:
    """Asks for the words of every name, for many digits, for long runs and a few literals."""

    def __init__(self, kinds: Iterable[Kind], own: Iterable[tuple[tuple[str, ...], ...]]) -> None:
        known = list(kinds)
        names = {words_of(words) for kind in known for words in kind.words}
        names |= {path[-1] for path in own if path}
        told: set[str] = set(_TELLING)
        together: dict[bytes, frozenset[bytes]] = {}
        for words in names:
            told.add("".join(words))
            telling = [word for word in words if word not in _COMMON and word.isalpha()]
            if len(words) == 1:
                continue
            if telling:
                told.add(max(telling, key=len))
            elif words:
                joined = "".join(words).encode()
                together[joined] = frozenset(word.encode() for word in words if word.isalpha())
        self._words = frozenset(word.encode() for word in told)
        self._camels = frozenset(_CAPITAL + word[1:] for word in self._words)
        self._together = tuple(
            (joined, frozenset(word[1:] for word in words)) for joined, words in together.items()
        )
        # an IBAN has capitals, and many digits
        self.takes_anything = any(k.needs == ("",) and k.name != "IBAN" for k in known)
        """Whether a text of any look can be of a kind: the user has patterns."""

    def nothing_in(self, data: bytes) -> bool:
        """Whether no kind can be in `data`, JSON in UTF-8, neither by name nor by look."""
        if self.takes_anything or b"@" in data or _has_number(data):
            return False
        return not (self._has_name(data) or _has_run(data) or _has_look(data))

    def _has_name(self, data: bytes) -> bool:
        words = set(data.lower().translate(_WORDS).split())
        if not self._words.isdisjoint(words):
            return True
        camels = set(data.translate(_CAMELS).replace(_CAPITAL, b" A").split())
        if not self._camels.isdisjoint(camels):
            return True
        tails = {word[1:] for word in words}  # a capital letter is any
        tails.update([word[1:] for word in camels])
        pressed = b""
        for joined, each in self._together:
            if each <= tails:
                pressed = pressed or data.lower().translate(None, _BETWEEN_WORDS)
                if joined in pressed:
                    return True
        return False


def _has_number(data: bytes) -> bool:
    if _MANY_DIGITS not in data.translate(_DIGITS, _BETWEEN_DIGITS):
        return False
    shaped = data.translate(_DIGITS)
    for moment in _MOMENTS:
        shaped = shaped.replace(moment, b'"')
    return _MANY_DIGITS in shaped.translate(None, _BETWEEN_DIGITS)


def _has_run(data: bytes) -> bool:
    if _LONG_RUN not in data.translate(_RUN_LETTERS):
        return False
    runs = [word for word in data.translate(_ALONE).split() if len(word) >= len(_LONG_RUN)]
    return not all(map(_is_plain, runs))


def _is_plain(run: bytes) -> bool:
    """An ID in hexadecimal digits, or words: nothing that base64 or a token looks like."""
    if _HEX.fullmatch(run):
        return not _READABLE_HEX.fullmatch(run)
    if any(48 <= letter <= 57 for letter in run):  # noqa: PLR2004 - "0" to "9"
        return False
    capitals = sum(65 <= letter <= 90 for letter in run)  # noqa: PLR2004 - "A" to "Z"
    return capitals < _MIXED or capitals == len(run) or len(run) < _LONG


def _has_look(data: bytes) -> bool:
    for literal in (*_LITERALS, *_HASHES) if b"$" in data else _LITERALS:
        if literal in data:
            return True
    if _QUOTED.search(data) or _COLONS.search(data) or _CAPITALS.search(data):
        return True
    if not _DOTS.search(data):
        return False
    return not all(quad.startswith(_OF_NOBODY) for quad in _QUAD.findall(data))
