"""Where in a text something is that has the look of a secret or of personal data.

Linear in the text's length, whatever the text: every repetition is bounded, and nothing is
tried but where a literal of its kind stands or a number begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from timetracer_otel.redaction.kinds import Kind

__all__ = ["Finder", "Found"]


class Found(NamedTuple):
    """`kind` was found: the text from `start` to `end` is to be hidden, of `first` to `last`."""

    start: int
    end: int
    kind: Kind
    first: int
    last: int


_NUMBERS = re.compile(r"[0-9A-Z]+(?:[ .-][0-9A-Z]+)*")
_GROUP = re.compile(r"[0-9A-Z]+")
_LEAST_NUMBER = 9
"""The shortest of the shapes."""

_LEAST = 6
"""``a@b.io`` is the shortest of all."""

_MOST_GROUPS = 7
_CONTEXT = 48
"""How far before a number one of the words of its kind may stand."""

_LOOKS = str.maketrans(
    {
        **dict.fromkeys("0123456789", "9"),
        **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "A"),
    }
)
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+'-")
_LONGEST_LOCAL = 64


class Finder:
    """Finds kinds in texts. `kinds` are in the order of trust."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._by_literal = [kind for kind in kinds if kind.pattern]
        self._by_shape: dict[str, list[Kind]] = {}
        for kind in kinds:
            for shape in kind.shapes:
                self._by_shape.setdefault(shape, []).append(kind)
        self._longest = max(map(len, self._by_shape), default=0)
        self.all: Sequence[Kind] = self._by_literal
        self.present: Sequence[Kind] = self._by_literal

    def look_at(self, everything: str) -> None:
        """All texts to come are stretches of `everything`: what cannot be in it is not tried."""
        self.present = self.in_question(everything)

    def in_question(self, text: str) -> list[Kind]:
        """The kinds that a literal of stands in `text`."""
        return [kind for kind in self._by_literal if any(need in text for need in kind.needs)]

    def find(self, text: str, name: str = "") -> list[Found]:
        """What is in `text`, the value of a field `name`: in order, none over another."""
        found: list[Found] = []
        if len(text) < _LEAST:
            return found
        for kind in self.present:
            for need in kind.needs:
                if need in text:
                    found += _anchored(kind, text) if kind.anchor else _matches(kind, text, name)
                    break
        if len(text) >= _LEAST_NUMBER and self._by_shape:
            found += self._numbers(text, name)
        return found if len(found) < 2 else _apart(found)  # noqa: PLR2004 - one is apart

    def _numbers(self, text: str, name: str) -> Iterator[Found]:
        for match in _NUMBERS.finditer(text):
            start, end = match.span()
            if end - start < _LEAST_NUMBER:
                continue
            look = match[0].translate(_LOOKS)
            if look.count("9") < _LEAST_NUMBER // 2:
                continue
            yield from self._in_groups(text, name, start, look)

    def _in_groups(self, text: str, name: str, start: int, look: str) -> Iterator[Found]:
        """The longest run of groups first, from each group on."""
        groups = [match.span() for match in _GROUP.finditer(look)]
        at = 0
        while at < len(groups):
            first = groups[at][0]
            for behind in range(min(len(groups), at + _MOST_GROUPS), at, -1):
                last = groups[behind - 1][1]
                if last - first > self._longest:
                    continue
                kinds = self._by_shape.get(look[first:last])
                kind = kinds and self._believed(kinds, text, name, start + first, start + last)
                if kind:
                    yield Found(start + first, start + last, kind, start + first, start + last)
                    at = behind - 1
                    break
            at += 1

    def _believed(
        self, kinds: Sequence[Kind], text: str, name: str, start: int, end: int
    ) -> Kind | None:
        if not _stands_alone(text, start, end):
            return None
        value = text[start:end]
        for kind in kinds:
            if kind.near and not _is_near(kind, text, name, start):
                continue
            if kind.is_valid(value):
                return kind
        return None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Not a stretch of a longer word, number or fraction."""
    if start and (text[start - 1].isalnum() or _joins(text, start - 1, start - 2)):
        return False
    return not (end < len(text) and (text[end].isalnum() or _joins(text, end, end + 1)))


def _joins(text: str, mark: int, other: int) -> bool:
    """Whether the mark between a number and something else makes one of both."""
    return text[mark] in "-.," and 0 <= other < len(text) and text[other].isdigit()


def _is_near(kind: Kind, text: str, name: str, start: int) -> bool:
    before = text[max(0, start - _CONTEXT) : start]
    return bool(kind.nearby.search(before)) or bool(name and kind.nearby.search(_spaced(name)))


def _spaced(name: str) -> str:
    return re.sub(r"[^A-Za-z]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:80]))


def _matches(kind: Kind, text: str, name: str) -> Iterator[Found]:
    for match in kind.compiled.finditer(text):
        first, last = match.span()
        if first and (text[first - 1].isalnum() or text[first - 1] in kind.not_after):
            continue
        group = "s" if "s" in kind.compiled.groupindex and match["s"] is not None else 0
        start, end = match.span(group)
        if kind.near and not _is_near(kind, text, name, first):
            continue
        if kind.is_valid(text[start:end]):
            yield Found(start, end, kind, first, last)


def _anchored(kind: Kind, text: str) -> Iterator[Found]:
    """From an anchor to both sides: the text before is not gone through for each letter."""
    at = text.find(kind.anchor)
    while at >= 0:
        first = at
        while first and at - first < _LONGEST_LOCAL and text[first - 1] in _LOCAL:
            first -= 1
        while first < at and text[first] in ".'%+-":
            first += 1
        behind = kind.compiled.match(text, at + 1)
        if behind is not None and first < at:
            yield Found(first, behind.end(), kind, first, behind.end())
        at = text.find(kind.anchor, at + 1)


def _apart(found: list[Found]) -> list[Found]:
    """The first in order of trust wins where two overlap; then in order of place."""
    taken: list[Found] = []
    for one in found:
        if all(one.end <= other.start or one.start >= other.end for other in taken[-_MOST:]):
            taken.append(one)
    taken.sort()
    apart: list[Found] = []
    for one in taken:
        if not apart or one.start >= apart[-1].end:
            apart.append(one)
    return apart


_MOST = 64
"""Compared with the latest only: all of them are compared again when they are in order."""
