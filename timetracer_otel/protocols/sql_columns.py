"""Which column a parameter, a literal or an alias of a statement belongs to. Pure, and cautious:
a statement that is not understood names no columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["Columns", "columns_of"]

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^'\\]|''|\\.)*')
    | (?P<quoted>"[^"]*"|`[^`]*`|\[[A-Za-z_][^\]]*\])
    | (?P<mark>%\((?P<named>\w+)\)s|%s|\?|\$\d+|:\w+|@\w+)
    | (?P<cast>::\s*\w+)
    | (?P<word>[A-Za-z_][\w$]*)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<sign><=|>=|<>|!=|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMPARING = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "like", "ilike", "is", "in", "any"})
_BETWEEN = frozenset(
    {"(", "not", "lower", "upper", "trim", "any", "cast", "binary", "crypt", "md5"}
)
_LONGEST = 100_000


@dataclass
class Columns:
    """`literals` are (start, end, column) of the texts between quotes, in order.

    `named` and `in_order` are the columns of parameters, `aliases` the columns of results.
    """

    literals: list[tuple[int, int, str]] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    in_order: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def placed(self, number: int) -> str:
        """The column of the parameter at a place, from 0 on."""
        numbered = self.named.get(str(number + 1))
        if numbered is not None:
            return numbered
        return self.in_order[number] if number < len(self.in_order) else ""


@lru_cache(maxsize=512)
def columns_of(statement: str) -> Columns:
    """The columns that the statement's parameters, literals and aliases belong to."""
    if not statement or len(statement) > _LONGEST:
        return Columns()
    return _Reading(statement).read()


class _Reading:
    """One pass over the tokens of a statement."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._found = Columns()
        self._column = ""
        self._compared = False
        self._last_word = ""
        self._inserted: list[str] = []
        self._collecting = False
        self._depth = 0
        self._value_at: int | None = None

    def read(self) -> Columns:
        for match in _TOKEN.finditer(self._statement):
            kind = match.lastgroup
            if kind == "named":
                kind = "mark"
            if kind not in ("space", "cast", None):
                getattr(self, f"_{kind}")(match)
        return self._found

    def _word(self, match: re.Match[str]) -> None:
        word = match["word"]
        lowered = word.lower()
        if lowered in ("values", "value") and self._inserted:
            self._value_at = 0
            self._depth = 0
            self._collecting = False
        elif lowered == "into":
            self._collecting = True
            self._inserted = []
            self._depth = 0
        elif lowered in ("select", "set", "where", "returning", "on"):
            self._collecting = False
            self._value_at = None
            self._compared = False
        elif lowered == "as":
            return self._set_last("as:" + self._last_word)
        elif lowered in _COMPARING:
            self._compared = True
        elif lowered in ("and", "or") or lowered in ("limit", "offset", "order", "group", "having", "from"):
            self._compared = False
        elif lowered not in _BETWEEN and lowered != "null":
            self._identifier(word)
        return None

    def _set_last(self, word: str) -> None:
        self._last_word = word

    def _quoted(self, match: re.Match[str]) -> None:
        self._identifier(match["quoted"][1:-1])

    def _identifier(self, name: str) -> None:
        if self._last_word.startswith("as:"):
            self._found.aliases[name] = self._last_word[3:]
            self._last_word = ""
            return
        self._last_word = name
        if self._collecting and self._depth == 1:
            self._inserted.append(name)
        if not self._compared:
            self._column = name

    def _sign(self, match: re.Match[str]) -> None:
        sign = match["sign"]
        if sign == "(":
            self._depth += 1
            if self._value_at is not None and self._depth == 1:
                self._value_at = 0
        elif sign == ")":
            self._depth -= 1
        elif sign == ",":
            if self._value_at is not None and self._depth == 1:
                self._value_at += 1
            elif self._value_at is None and self._depth == 0:
                self._compared = False
        elif sign in _COMPARING:
            self._compared = True

    def _number(self, _match: re.Match[str]) -> None:
        return None

    def _belongs_to(self) -> str:
        if self._value_at is not None:
            return self._inserted[self._value_at] if self._value_at < len(self._inserted) else ""
        return self._column if self._compared else ""

    def _text(self, match: re.Match[str]) -> None:
        start, end = match.span("text")
        self._found.literals.append((start + 1, end - 1, self._belongs_to()))

    def _mark(self, match: re.Match[str]) -> None:
        column = self._belongs_to()
        mark = match["mark"]
        if mark in ("?", "%s"):
            self._found.in_order.append(column)
            return
        name = match["named"] or mark[1:]
        self._found.named.setdefault(name, column)
