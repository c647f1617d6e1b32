"""Rules as a person writes them: statuses, headers, regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

__all__ = ["HeaderRule", "header_rule", "matches", "status_range"]

_STATUS = re.compile(r"([1-9]\d\d)(?:-([1-9]\d\d))?")
_CLASS = re.compile(r"([1-9])xx", re.IGNORECASE)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

HeaderRule = tuple[str, Callable[[str], object] | None]
"""A header's name in lower case, and a search in its value where that matters."""


def matches(patterns: Sequence[str], text: str) -> bool:
    """Whether one of the regular expressions is found in `text`."""
    return _any_of(tuple(patterns)).search(text) is not None


@lru_cache(maxsize=16)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def status_range(text: str) -> tuple[int, int]:
    """First and last of ``404``, ``400-499`` or ``5xx``. Raises ValueError."""
    of_class = _CLASS.fullmatch(text)
    if of_class is not None:
        first = int(of_class[1]) * 100
        return first, first + 99
    found = _STATUS.fullmatch(text)
    if found is None or int(found[2] or found[1]) < int(found[1]):
        raise ValueError(f"{text!r} is no status: 404, 400-499 and 5xx are")
    return int(found[1]), int(found[2] or found[1])


def header_rule(text: str) -> HeaderRule:
    """What ``name`` or ``name=regex`` asks for. Raises ValueError."""
    name, separator, pattern = text.partition("=")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{text!r} is neither a header's name nor name=regular expression")
    try:
        return name.lower(), re.compile(pattern).search if separator else None
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
