"""What can be chosen, by option, marker and configuration, and which of them wins. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

__all__ = [
    "MARKER",
    "MODES",
    "Marks",
    "days",
    "default_mode",
    "has_pytest_recording",
    "marks_of",
    "mode_named",
]

MARKER = "cassette"

MODES = ("once", "none", "new_episodes", "all", "rewrite", "verify")

_MARK_OPTIONS = ("mode", "compare", "live", "clock", "randomness", "unused", "missing")
_UNITS = {"d": 1.0, "h": 1 / 24, "w": 7.0}


def has_pytest_recording(pluginmanager: Any) -> bool:
    """Whether `--record-mode` is pytest-recording's: which is loaded first is anybody's guess."""
    return not pluginmanager.is_blocked("recording") and find_spec("pytest_recording") is not None


def default_mode(environ: Mapping[str, str] = os.environ) -> str:
    """``none`` where continuous integration says so, ``once`` at a developer's desk."""
    return "none" if environ.get("CI", "").lower() not in {"", "0", "false"} else "once"


def days(text: str) -> float:
    """``90d``, ``12h``, ``2w`` in days; a bare number is days. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([dhw]?)", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no age such as 90d, 12h or 2w")
    return float(found[1]) * _UNITS[found[2] or "d"]


@dataclass(frozen=True, slots=True)
class Marks:
    """What the markers of one test say together, the closest first.

    `own` is the name that the test's own marker gives, `above` those of its class and module.
    """

    own: str = ""
    above: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


def marks_of(marks: list[tuple[bool, tuple[Any, ...], dict[str, Any]]]) -> Marks:
    """Of markers, closest first: whether it is on the test itself, its arguments, its keywords.

    Raises ValueError for what a marker cannot mean.
    """
    own: list[str] = []
    above: list[str] = []
    options: dict[str, Any] = {}
    for on_test, args, keywords in marks:
        given = dict(keywords)
        names = [*args] + ([given.pop("path")] if "path" in given else [])
        for name in names:
            if not isinstance(name, str | os.PathLike):
                raise ValueError(f"a cassette is named by text, not by {name!r}")  # noqa: TRY004 - as all that it may mean wrongly
            (own if on_test else above).append(os.fspath(name))
        for option, value in given.items():
            if option not in _MARK_OPTIONS:
                known = ", ".join(_MARK_OPTIONS)
                raise ValueError(f"the marker has no {option!r}; it has {known}")
            options.setdefault(option, value)
    if options.get("mode") is not None:
        options["mode"] = mode_named(options["mode"])
    return Marks(own[0] if own else "", tuple(above), tuple(own[1:]), options)


def mode_named(name: str) -> str:
    """The mode, by its name or by the one it had in version 1. Raises ValueError."""
    mode = _PREDECESSORS.get(name, name)
    if mode not in MODES:
        raise ValueError(f"mode={name!r} is none of {', '.join(MODES)}")
    return mode


_PREDECESSORS = {"record": "all", "replay": "none", "auto": "once"}
"""What the marker's `mode` was called before version 2."""
