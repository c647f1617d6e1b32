"""Where two JSON values differ, by path."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["named_differences", "shortened"]

_LONGEST = 80
_ABSENT = object()
"""Not the same as null: a field that is gone is a difference."""


def named_differences(recorded: Any, live: Any, *, root: str = "$") -> list[str]:
    """Each difference as ``$.path[0].to: recorded 1, asked 2``, in the order of the values."""
    found: list[str] = []
    _compare(root, recorded, live, found)
    return found


def _compare(path: str, recorded: Any, live: Any, found: list[str]) -> None:
    if recorded is live:
        return
    if isinstance(recorded, dict) and isinstance(live, dict):
        for name in [*recorded, *(n for n in live if n not in recorded)]:
            _compare(f"{path}.{name}", recorded.get(name, _ABSENT), live.get(name, _ABSENT), found)
    elif _are_lists(recorded, live) and len(recorded) == len(live):
        for index, (one, other) in enumerate(zip(recorded, live, strict=True)):
            _compare(f"{path}[{index}]", one, other, found)
    elif recorded != live or isinstance(recorded, bool) != isinstance(live, bool):
        found.append(f"{path}: recorded {shortened(recorded)}, asked {shortened(live)}")


def _are_lists(one: Any, other: Any) -> bool:
    return isinstance(one, list | tuple) and isinstance(other, list | tuple)


def shortened(value: Any) -> str:
    """`value` as JSON on one line, cut where it gets long; `nothing` for what is not there."""
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
