"""What is to be hidden: the kinds that everybody hides, and a user's own rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any

from timetracer_otel.errors import SettingsError
from timetracer_otel.redaction.finding import Finder
from timetracer_otel.redaction.kinds import BY_NAME, KINDS, Kind
from timetracer_otel.redaction.names import kind_of_name, words_of
from timetracer_otel.redaction.prefilter import Prefilter
from timetracer_otel.settings import Settings

__all__ = ["DEFAULT", "POLICY_VERSION", "Policy", "Rules", "policy_of"]

POLICY_VERSION = 1
"""Raised whenever the kinds or the names of fields hide more than before."""

_ROUTE = " @ "
_MOST_QUIET = 5000
OWN = Kind("rule of your own", "secret")


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules as they are written; see `Settings` for what each list holds.

    Any of them may end in `` @ `` and a regular expression: it holds for requests whose
    ``METHOD /path`` that finds something in, and for no others.
    """

    fields: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    function: str = ""

    @property
    def name(self) -> str:
        """What cassettes call it by: whether it is everybody's, or has rules of one's own."""
        return "default" if self == DEFAULT else "default and own rules"

    def for_request(self, line: str) -> Rules:
        """The rules for a request ``METHOD /path``; an empty one stands for none."""
        return _rules(
            _holding(self.fields, line),
            _holding(self.allow, line),
            _holding(self.patterns, line),
            self.function,
        )


DEFAULT = Policy()


def policy_of(settings: Settings) -> Policy:
    """The policy that the settings ask for. Raises `SettingsError` for rules that mean nothing."""
    policy = Policy(
        fields=settings.redact_fields,
        allow=settings.redact_allow,
        patterns=settings.redact_patterns,
        function=settings.redact_function,
    )
    policy.for_request("GET /")
    return policy


def _holding(rules: tuple[str, ...], line: str) -> tuple[str, ...]:
    """Those of `rules` that hold for a request, without the words about it."""
    found = []
    for rule in rules:
        text, mark, route = rule.rpartition(_ROUTE)
        if not mark:
            found.append(rule)
        elif re.search(route, line):
            found.append(text)
    return tuple(found)


@lru_cache(maxsize=64)
def _rules(
    fields: tuple[str, ...], allow: tuple[str, ...], patterns: tuple[str, ...], function: str
) -> Rules:
    return Rules(fields, allow, patterns, function)


class Rules:
    """A policy for one request, ready for use."""

    def __init__(
        self,
        fields: tuple[str, ...],
        allow: tuple[str, ...],
        patterns: tuple[str, ...],
        function: str,
    ) -> None:
        self._own = {_path(rule) for rule in fields}
        values = [rule[1:-1] for rule in allow if rule[:1] == rule[-1:] == "/" and len(rule) > 2]  # noqa: PLR2004 - two slashes
        self._values = [_compiled(text, "redact_allow") for text in values]
        self._allowed = {_path(rule) for rule in allow if rule not in BY_NAME}
        self._without = frozenset(rule for rule in allow if rule in BY_NAME)
        own = [
            Kind(
                OWN.name, "secret", needs=("",), pattern=_compiled(text, "redact_patterns").pattern
            )
            for text in patterns
        ]
        kinds = [*own, *(kind for kind in KINDS if kind.name not in self._without)]
        self.finder = Finder(kinds)
        self.prefilter = Prefilter(kinds, self._own)
        self.is_pathed = any(len(path) > 1 for path in (*self._own, *self._allowed))
        self._function = function
        self.quiet: set[tuple[str, str]] = set()

    def keep_quiet(self, name: str, text: str) -> None:
        """There was nothing to hide in this text: statements and headers come again and again."""
        if len(self.quiet) > _MOST_QUIET:
            self.quiet.clear()
        self.quiet.add((name, text))

    def kind_of(self, name: str, trail: tuple[str, ...] = ()) -> Kind | None:
        """What a field called `name`, found below the fields of `trail`, holds."""
        if self._own or self._allowed:
            path = words_of(name)
            whole = (*(words_of(each) for each in trail), path)
            if self._is_in(self._allowed, whole):
                return None
            if self._is_in(self._own, whole):
                return OWN
        kind = kind_of_name(name)
        return None if kind is None or kind.name in self._without else kind

    def _is_in(self, paths: set[tuple[tuple[str, ...], ...]], whole: Any) -> bool:
        return any(whole[-length:] in paths for length in range(1, len(whole) + 1))

    def is_allowed(self, value: str) -> bool:
        """Whether the user says that `value` may be seen by everybody."""
        return any(pattern.search(value) for pattern in self._values)

    @cached_property
    def asked(self) -> Callable[[str, str], object] | None:
        """The user's own function: `(name, value)` to whether that is to be hidden."""
        if not self._function:
            return None
        module, _, attribute = self._function.partition(":")
        try:
            found: Callable[[str, str], object] = getattr(import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise SettingsError(
                name="redact_function", source=self._function, reason=str(error)
            ) from None
        return found


def _path(rule: str) -> tuple[tuple[str, ...], ...]:
    """``customer.note`` and ``$.customer.note`` as the words of each field."""
    return tuple(words_of(part) for part in rule.removeprefix("$.").split("."))


def _compiled(text: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise SettingsError(
            name=name, source=repr(text), reason=f"no regular expression: {error}"
        ) from None
