"""Whether something can be in a stretch of a cassette at all: asked of the whole before its parts.

Most interactions hold nothing to hide, and this has to say so in microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from timetracer_otel.redaction.kinds import Kind
from timetracer_otel.redaction.names import words_of

__all__ = ["Prefilter"]

_DIGITS = bytes(48 if 48 <= each <= 57 else each for each in range(256))  # noqa: PLR2004 - "0" to "9"
_MANY_DIGITS = b"0" * 7
_BETWEEN_DIGITS = b" ./()+-"
_RUN = bytes(97 if bytes((each,)).isalnum() or each in b"+/_" else 32 for each in range(256))
_LONG_RUN = b"a" * 16
_RUNS = re.compile(rb"[A-Za-z0-9+/_]{16,}")
_HEX = re.compile(rb"[0-9a-fA-F]+")
_READABLE_HEX = re.compile(rb"(?:[2-7][0-9a-fA-F])+")
_USUAL = ("@", "://", ":", ".", "-", "", "1", "3", "00", "+", "(", "SK", "AC", "tel", "hone")
"""Literals that stand everywhere: digits and runs are asked for instead of them."""

_SEARCHED = (
    "sig=",
    "asic ",
    "earer ",
    "BEARER ",
    "aws",
    "AWS",
    "Bot ",
    "discord",
    "dp.",
    "SG.",
    "-us",
)
_CAPITALS = re.compile(rb"[A-Z]{2}[0-9]{2}[A-Z0-9 ]{11}")


class Prefilter:
    """Asks for one word of every name, one literal of every kind, many digits, a long run."""

    def __init__(self, kinds: Iterable[Kind], own: Iterable[tuple[tuple[str, ...], ...]]) -> None:
        known = list(kinds)
        names = [words_of(words) for kind in known for words in kind.words]
        names += [path[-1] for path in own if path]
        self._stems = _stems("".join(name) for name in names)
        literals = {need for kind in known if kind.pattern for need in kind.needs}
        self._literals = tuple(sorted(need.encode() for need in literals if need not in _USUAL))
        self._everything = any(kind.needs == ("",) and kind.name != "IBAN" for kind in known)

    def nothing_in(self, data: bytes) -> bool:
        """Whether no kind can be in `data`, JSON in UTF-8, neither by name nor by look."""
        if self._everything or b"@" in data or b"%" in data or b"x-amz" in data:
            return False
        if _MANY_DIGITS in data.translate(_DIGITS, _BETWEEN_DIGITS):
            return False
        lowered = data.lower().translate(None, b"-_ ")
        for stem in self._stems:
            if stem in lowered:
                return False
        for literal in self._literals:
            if literal in data:
                return False
        if _LONG_RUN in data.translate(_RUN) and not all(map(_is_plain_run, _RUNS.findall(data))):
            return False
        return not _CAPITALS.search(data) and b"::" not in data and not _QUAD.search(data)


_QUAD = re.compile(rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")


def _is_plain_run(run: bytes) -> bool:
    """An ID in hexadecimal digits, or words: nothing that base64 looks like."""
    if _HEX.fullmatch(run):
        return not _READABLE_HEX.fullmatch(run)
    return b"+" not in run and not any(48 <= letter <= 57 for letter in run) and b"eyJ" not in run  # noqa: PLR2004


def _stems(names: Iterable[str]) -> tuple[bytes, ...]:
    """The shortest of the names: one that holds another is found with it."""
    found: list[str] = []
    for name in sorted(set(names), key=lambda name: (len(name), name)):
        if not any(stem in name for stem in found):
            found.append(name)
    return tuple(stem.encode() for stem in found)
