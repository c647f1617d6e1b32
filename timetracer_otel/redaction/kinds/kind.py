"""What a kind of secret or personal datum is: one declarative entry."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Literal

from timetracer_otel.redaction.pseudonyms import Noise, Shape, token

__all__ = ["Check", "Kind", "stdnum"]

Check = Callable[[str], bool]

_TRIES = 3000
"""A check digit is met by one value in ten, two of them with a date by one in three hundred."""


@dataclass(frozen=True)
class Kind:
    r"""One kind of secret or personal datum, and how it is known.

    By its field: `words` are names of fields (``"card number"`` is also ``cardNumber`` and
    ``card_number``). By its look, two ways: `pattern` is a regular expression, of which the
    group ``s`` is hidden if there is one, tried where one of `needs` stands in the text;
    `shapes` are spellings with 9 for a digit and A for a capital letter, which must stand by
    themselves. Nothing that goes on may stand before either, nor what is in `not_after`; an
    `anchor` is a letter in the middle to look from. `check` has the last word about either. With `near`, a look is believed where
    one of these words stands before it or in its field's name only. `shape` makes the
    pseudonym, which passes `check` too.
    """

    name: str
    group: Literal["secret", "personal"]
    words: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    pattern: str = ""
    shapes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    not_after: str = ""
    anchor: str = ""
    check: Check | None = None
    shape: Shape = token

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern."""
        return re.compile(self.pattern)

    @cached_property
    def nearby(self) -> re.Pattern[str]:
        """Finds one of the words of `near`."""
        words = "|".join(re.escape(word) for word in self.near)
        return re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE)

    def is_valid(self, value: str) -> bool:
        """Whether `value` passes the check."""
        return self.check is None or self.check(value)

    def pseudonym(self, value: str, key: bytes) -> str:
        """What stands for `value`: always the same, of its length and look."""
        wanted = self.check is not None and self.check(value)
        seed = value.encode("utf-8", "surrogatepass")
        made = value
        for attempt in range(_TRIES if wanted else 3):
            noise = Noise(key, b"%d " % attempt + seed if attempt else seed)
            made = self.shape(value, noise)
            if made != value and (not wanted or self.is_valid(made)):
                return made
        return made


def stdnum(module: str) -> Check:
    """A check by python-stdnum, imported when the first candidate comes."""

    def check(value: str) -> bool:
        try:
            return bool(import_module(f"stdnum.{module}").is_valid(value))
        except ImportError:  # pragma: no cover - an installation without its dependencies
            return True

    return check
