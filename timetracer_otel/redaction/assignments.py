"""Names with values in a text, however they are written: logs, markup, headers, queries, reprs.

``password=hunter2``, ``"password": "hunter2"``, ``'password': 'hunter2'``,
``<password>hunter2</password>``, ``Key (password)=(hunter2)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from timetracer_otel.redaction.kinds import Kind

__all__ = ["Assigned", "assignments"]


class Assigned(NamedTuple):
    """The text from `start` to `end` is the value of a field of that kind."""

    start: int
    end: int
    kind: Kind


_MARK = re.compile(r"[=:>]")
_NAME_BACKWARDS = re.compile(r"[A-Za-z0-9_.\]\[-]{2,60}")
_QUOTED = {
    '"': re.compile(r'((?:[^"\\\n]|\\.){1,4000})"'),
    "'": re.compile(r"((?:[^'\\\n]|\\.){1,4000})'"),
    "`": re.compile(r"([^`\n]{1,4000})`"),
    '\\"': re.compile(r'((?:[^"\\\n]|\\(?!")[^\n]){1,4000})\\"'),
}
_BARE = re.compile(r"[^\s,;&\"'<>(){}\[\]|\\]{1,4000}")
_ELEMENT = re.compile(r"([^<>]{1,4000})</")
_BRACKETED = re.compile(r"\(([^()]{1,4000})\)")
_CLOSING = "\"'`\\])"
_WINDOW = 66
_SECRET_LENGTH = 6


def assignments(text: str, kind_of: Callable[[str], Kind | None]) -> Iterator[Assigned]:
    """Each value whose name says that it is to be hidden, in order."""
    done = 0
    for match in _MARK.finditer(text):
        at = match.start()
        if at < done:
            continue
        name = _name_before(text, at)
        if not name:
            continue
        kind = kind_of(name)
        if kind is None:
            continue
        span = _value_after(text, at, kind)
        if span is not None:
            done = span[1]
            yield Assigned(*span, kind)


def _name_before(text: str, at: int) -> str:
    """The word before a mark, past closing quotes and a blank or two."""
    window = text[max(0, at - _WINDOW) : at]
    if text[at] == ">":  # the name of an element: from its `<` on
        name = window.rpartition("<")[2]
        return "" if name.startswith("/") else name.split(" ", 1)[0].rpartition(":")[2]
    stripped = window.rstrip(" ")
    stripped = stripped.rstrip(_CLOSING) if stripped[-1:] in _CLOSING else stripped
    found = _NAME_BACKWARDS.match(stripped[::-1])
    return found[0][::-1] if found else ""


def _value_after(text: str, at: int, kind: Kind) -> tuple[int, int] | None:
    mark = text[at]
    start = at + 1
    if mark == ">":
        found = _ELEMENT.match(text, start)
        return found.span(1) if found else None
    if text[start : start + 1] == ">":  # `=>`
        start += 1
    while text[start : start + 1] == " ":
        start += 1
    quote = text[start : start + 2] if text[start : start + 2] == '\\"' else text[start : start + 1]
    if quote in ("b", "u", "r") and text[start + 1 : start + 2] in ("'", '"'):
        start, quote = start + 1, text[start + 1]
    if quote in _QUOTED:
        found = _QUOTED[quote].match(text, start + len(quote))
        return found.span(1) if found else None
    if quote == "(":
        found = _BRACKETED.match(text, start)
        return found.span(1) if found else None
    found = _BARE.match(text, start)
    if found is None or (mark == ":" and not _looks_secret(found[0], kind)):
        return None
    return found.span()


def _looks_secret(value: str, kind: Kind) -> bool:
    """``password: required`` is a sentence, ``password: hunter2`` is none."""
    if kind.group != "secret" or len(value) < _SECRET_LENGTH or value.startswith("//"):
        return False
    return any(letter.isdigit() for letter in value) or not (value.islower() or value.istitle())
