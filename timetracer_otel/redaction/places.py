"""Stretches of a text with what to put there."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Places"]

_LATEST = 32
"""How many are looked at for an overlap as one is put; all of them are as they are woven in."""


class Places:
    """What to put where in `text`; of two stretches that overlap, the first that was put stays."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kept: list[tuple[int, int, str]] = []

    def put(self, start: int, end: int, other: Callable[[str], str]) -> None:
        """Ask for another text, unless something of this stretch was asked about already.

        What is given back as it was is taken, too: whoever was asked knows what it is.
        """
        if all(end <= first or start >= last for first, last, _ in self._kept[-_LATEST:]):
            self._kept.append((start, end, other(self._text[start:end])))

    def changed(self) -> list[tuple[int, int, str]]:
        """Those that differ from what is there, in the order of the text."""
        self._kept.sort(key=lambda place: place[:2])
        found: list[tuple[int, int, str]] = []
        for start, end, other in self._kept:
            if (not found or start >= found[-1][1]) and other != self._text[start:end]:
                found.append((start, end, other))
        return found

    def woven(self) -> str:
        """The text with all of it put in; the very text where that is nothing."""
        changed = self.changed()
        if not changed:
            return self._text
        made: list[str] = []
        at = 0
        for start, end, other in changed:
            made += (self._text[at:start], other)
            at = end
        return "".join([*made, self._text[at:]])
