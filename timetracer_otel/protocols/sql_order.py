"""Statements that differ in an order that says nothing: columns of a list, members of a set.

Object mappers write them from Python's sets, and those have another order in each process. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["column_order", "unordered"]

_WITHOUT_ESCAPES = r"'(?:[^']|'')*'"
_WITH_ESCAPES = r"'(?:[^'\\]|\\.|'')*'"
_PART = r"""
    (?P<text>[eE]?{text})
    | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<mark>\$\d+|%\(\w+\)s|%s|\?|:[A-Za-z_]\w*)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<cast>::\w+(?:\[\])?)
    | (?P<word>[^\W\d]\w*)
    | (?P<space>\s+)
    | (?P<other>.)
"""
_TOKENS = {
    escapes: re.compile(_PART.replace("{text}", text), re.VERBOSE | re.DOTALL)
    for escapes, text in ((False, _WITHOUT_ESCAPES), (True, _WITH_ESCAPES))
}
_QUICK = re.compile(
    r"\bIN\s*\(|\bANY\s*\(|\bGROUP\s+BY\b|\bVALUES\b|^\s*(?:SELECT|TRUNCATE)\b", re.IGNORECASE
)

_IDENTIFIERS = frozenset(("name", "word"))
_MEMBERS = frozenset(("mark", "text", "number"))
_NO_COLUMNS = frozenset(
    ("ALL", "CASE", "CAST", "DISTINCT", "FALSE", "INTO", "NOT", "NULL", "STRAIGHT_JOIN", "TOP")
)
"""Words that begin no column, or make the whole list depend on its order."""

_AFTER_GROUPS = frozenset(
    (")", ";", "EXCEPT", "FETCH", "FOR", "HAVING", "INTERSECT", "LIMIT", "OFFSET", "ORDER", "UNION")
)
_AFTER_TABLES = frozenset((";", "CASCADE", "CONTINUE", "RESTART", "RESTRICT"))
_ORDERING = frozenset(("UNION", "INTERSECT", "EXCEPT", "MINUS"))
"""What relates the columns of several lists by their places."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text


@dataclass(frozen=True, slots=True)
class _Selected:
    """The plain columns of a statement's outermost list, and the tokens `end` comes after."""

    columns: list[str]
    begin: int
    end: int


def unordered(statement: str, parameters: Any, system: str) -> tuple[str, Any]:
    """The same for all statements that differ in nothing but the order of a list or set.

    A list of columns counts where it is plain: names alone, of an outermost ``SELECT`` that
    relates no column by its place. A set is what follows ``IN`` or ``= ANY``, of literals and
    parameters alone; the plain columns after ``GROUP BY``; the rows of an ``INSERT`` that
    returns none; and the tables of a ``TRUNCATE``.
    """
    if not _QUICK.search(statement):
        return statement, parameters
    tokens = _tokens(statement, system)
    parameters = _copied(parameters)
    _sort_sets(tokens, parameters)
    _sort_inserted(tokens, parameters)
    _sort_groups(tokens)
    _sort_truncated(tokens)
    selected = _selected(tokens)
    if selected is not None:
        listed = _Token("other", ", ".join(sorted(selected.columns)))
        tokens[selected.begin : selected.end] = [listed, _Token("space", " ")]
    return "".join(token.text for token in tokens), parameters


def column_order(recorded: str, live: str, system: str) -> list[int] | None:
    """For each column that `live` asks for its place in `recorded`; None where both are alike.

    For two statements that are the same `unordered`.
    """
    before, after = (_selected(_tokens(text, system)) for text in (recorded, live))
    if before is None or after is None or before.columns == after.columns:
        return None
    free = dict(enumerate(before.columns))
    order = []
    for column in after.columns:
        place = next((place for place, known in free.items() if known == column), None)
        if place is None:
            return None
        del free[place]
        order.append(place)
    return order if not free else None


def _tokens(statement: str, system: str) -> list[_Token]:
    escapes = system in {"mysql", "mariadb"}
    found = _TOKENS[escapes].finditer(statement)
    return [_Token(str(match.lastgroup), match.group()) for match in found]


def _selected(tokens: list[_Token]) -> _Selected | None:
    begin = next((n for n, token in enumerate(tokens) if token.kind != "space"), 0)
    if not tokens or tokens[begin].upper != "SELECT" or _relates_by_place(tokens):
        return None
    columns: list[str] = []
    column: list[_Token] = []
    for place in range(begin + 1, len(tokens)):
        token = tokens[place]
        ends = token.upper == "FROM"
        if ends or token.text == ",":
            if not _is_plain(column):
                return None
            columns.append(_written(column))
            column = []
            if ends:
                return _Selected(columns, begin + 2, place)
        elif token.kind != "space":
            column.append(token)
    return None


def _is_plain(column: list[_Token]) -> bool:
    """``a``, ``t.a``, ``s.t.a``, each with another name after it, or without."""
    wants_name, dots, renamed = True, True, False
    for token in column:
        if token.text == "." and not wants_name and dots:
            wants_name = True
        elif token.upper == "AS" and not wants_name and not renamed:
            wants_name, dots, renamed = True, False, True
        elif token.kind in _IDENTIFIERS and token.upper not in _NO_COLUMNS:
            if not wants_name:
                if renamed:
                    return False
                dots, renamed = False, True
            wants_name = False
        else:
            return False
    return bool(column) and not wants_name


def _written(column: list[_Token]) -> str:
    """With the spaces that it takes."""
    text = ""
    for token in column:
        joined = not text or token.text == "." or text.endswith(".")
        text += token.text if joined else f" {token.text}"
    return text


def _relates_by_place(tokens: list[_Token]) -> bool:
    """``UNION`` and the like; ``ORDER BY 2`` and ``GROUP BY 1, 2``."""
    told = [token for token in tokens if token.kind != "space"]
    listing = False
    for before, token in zip([_Token("other", ""), *told], told, strict=False):
        if token.upper in _ORDERING:
            return True
        if before.upper in {"ORDER", "GROUP"} and token.upper == "BY":
            listing = True
        elif listing and token.kind == "number" and before.text.upper() in {"BY", ","}:
            return True
        elif token.kind == "word" and token.upper in {"LIMIT", "OFFSET", "HAVING", "WHERE"}:
            listing = False
    return False


def _sort_groups(tokens: list[_Token]) -> None:
    """The columns after each ``GROUP BY``, in place."""
    if any(token.upper == "ROLLUP" for token in tokens):  # it groups by the first ones
        return
    told = [place for place, token in enumerate(tokens) if token.kind != "space"]
    for before, place in pairwise(told):
        if tokens[before].upper != "GROUP" or tokens[place].upper != "BY":
            continue
        end = next((n for n in told if n > place and tokens[n].upper in _AFTER_GROUPS), len(tokens))
        columns: list[list[_Token]] = [[]]
        for token in tokens[place + 1 : end]:
            if token.text == ",":
                columns.append([])
            elif token.kind != "space":
                columns[-1].append(token)
        if all(_is_plain(column) for column in columns):
            # as many tokens as before: the places that were found still hold
            blanks = [_Token("space", "")] * (end - place - 2)
            listed = f" {', '.join(sorted(map(_written, columns)))} "
            tokens[place + 1 : end] = [_Token("other", listed), *blanks]


def _sort_truncated(tokens: list[_Token]) -> None:
    """The tables of a ``TRUNCATE``, in place."""
    told = [place for place, token in enumerate(tokens) if token.kind != "space"]
    if not told[1:] or tokens[told[0]].upper != "TRUNCATE":
        return
    begin = told[1] if tokens[told[1]].upper == "TABLE" else told[0]
    after = (n for n in told if n > begin and tokens[n].upper in _AFTER_TABLES)
    end = next(after, len(tokens))
    tables = [""]
    for token in tokens[begin + 1 : end]:
        if token.text == ",":
            tables.append("")
        elif token.kind != "space":
            tables[-1] += f" {token.text}"
    tokens[begin + 1 : end] = [_Token("other", f"{','.join(sorted(tables))} ")]


# -- sets -----------------------------------------------------------------------------------------


def _sort_sets(tokens: list[_Token], parameters: Any) -> None:
    """The members of each set, in place; and the parameters in the order that this gives."""
    for places in _sets(tokens):
        members = sorted((tokens[place] for place in places), key=_text)
        marks = {token.kind == "mark" for token in members}
        if len(marks) > 1:
            continue
        for place, token in zip(places, members, strict=True):
            tokens[place] = token
        if marks == {True}:
            _sort_values(tokens, places, parameters)


def _text(token: _Token) -> str:
    return token.text


def _sets(tokens: list[_Token]) -> Iterator[list[int]]:
    """The places of the members after each ``IN (``; of the one after each ``= ANY (``."""
    told = [place for place, token in enumerate(tokens) if token.kind != "space"]
    for number, place in enumerate(told[:-2]):
        word = tokens[place].upper
        if word not in {"IN", "ANY"} or tokens[told[number + 1]].text != "(":
            continue
        members: list[int] = []
        for inner in told[number + 2 :]:
            token = tokens[inner]
            if token.text == ")":
                if members and (word == "IN") == (len(members) > 1):
                    yield members
                break
            if token.kind in _MEMBERS:
                members.append(inner)
            elif token.text != "," and token.kind != "cast":
                break


def _copied(parameters: Any) -> Any:
    if type(parameters) is dict:
        return {name: _copied(value) for name, value in parameters.items()}
    return [_copied(value) for value in parameters] if type(parameters) is list else parameters


def _sort_values(tokens: list[_Token], places: list[int], parameters: Any) -> None:
    """The values that the marks at `places` stand for, sorted in place; of one mark its list's."""
    keys = [_key(tokens, place) for place in places]
    try:
        values = [parameters[key] for key in keys]
        if len(keys) == 1:
            values = [sorted(values[0], key=_json)] if type(values[0]) is list else values
        for key, value in zip(keys, sorted(values, key=_json), strict=True):
            parameters[key] = value
    except (KeyError, IndexError, TypeError):  # they are not what the statement says
        return


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _key(tokens: list[_Token], place: int) -> int | str:
    """What a mark is called in its parameters: a name, or a number from 0."""
    text = tokens[place].text
    if text.startswith("$"):
        return int(text[1:]) - 1
    if text.startswith("%("):
        return text[2:-2]
    if text.startswith(":"):
        return text[1:]
    return sum(token.kind == "mark" for token in tokens[:place])


# -- rows -----------------------------------------------------------------------------------------


def _sort_inserted(tokens: list[_Token], parameters: Any) -> None:
    """The rows of an ``INSERT``, in place, where each is of parameters alone."""
    words = [token.upper for token in tokens if token.kind == "word"]
    if not words or words[0] not in {"INSERT", "REPLACE"} or "RETURNING" in words:
        return
    rows = [[_key(tokens, place) for place in row] for row in _inserted(tokens)]
    try:
        values = [[parameters[key] for key in row] for row in rows]
        for row, sorted_values in zip(rows, sorted(values, key=_json), strict=True):
            for key, value in zip(row, sorted_values, strict=True):
                parameters[key] = value
    except (KeyError, IndexError, TypeError, ValueError):  # they are not what the statement says
        return


def _inserted(tokens: list[_Token]) -> list[list[int]]:
    """The places of the parameters of each row after ``VALUES``; none if there is more in it."""
    begin = next((n for n, token in enumerate(tokens) if token.upper == "VALUES"), len(tokens))
    rows: list[list[int]] = []
    for place in range(begin + 1, len(tokens)):
        token = tokens[place]
        if token.text == "(":
            rows.append([])
        elif token.kind == "mark" and rows:
            rows[-1].append(place)
        elif token.kind == "word":
            break
        elif token.kind not in {"space", "cast"} and token.text not in {",", ")"}:
            return []
    return rows if len(rows) > 1 and len({len(row) for row in rows}) == 1 else []
