"""Literals that a run draws anew: UUIDs, ObjectIds, timestamps, tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["loosened", "pairs_between", "replaced"]

_VOLATILE = re.compile(
    r"""
    (?<![0-9A-Za-z])(?:
      (?P<uuid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})
    | (?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?
        | \d{8}T\d{6}Z)
    | (?P<password>(?:pbkdf2_[a-z0-9]+|scrypt|argon2|bcrypt(?:_sha256)?)\$[^\s"']+
        | \$(?:2[aby]|argon2i?d?|scrypt)\$[^\s"']+)
    | (?P<hex>(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{24,128})
    | (?P<token>(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])
        [A-Za-z0-9_-]{22,}=*)
    )(?![0-9A-Za-z])
    """,
    re.VERBOSE,
)
_EPOCH = range(1_000_000_000, 4_000_000_000)


def loosened(value: Any) -> Any:
    """JSON values with each volatile literal replaced by the name of its kind."""
    if isinstance(value, str):
        return _VOLATILE.sub(lambda match: f"<{match.lastgroup}>", value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return "<epoch>" if _is_epoch(value) else value
    if isinstance(value, list | tuple):
        return [loosened(item) for item in value]
    if isinstance(value, dict):
        return {key: loosened(item) for key, item in value.items()}
    return value


def replaced(text: str, pairs: Mapping[str, str]) -> str:
    """`text` with each whole volatile literal that is in `pairs` exchanged."""
    return _VOLATILE.sub(lambda match: pairs.get(match.group(), match.group()), text)


def _is_epoch(value: float) -> bool:
    """Seconds, milliseconds, microseconds or nanoseconds of this age."""
    return any(int(value // scale) in _EPOCH for scale in (1, 10**3, 10**6, 10**9))


def _literals(text: str) -> list[str]:
    return [match[0] for match in _VOLATILE.finditer(text)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def pairs_between(recorded: Any, live: Any) -> dict[str, str]:
    """Recorded literals to live ones, where both stand at the same place."""
    found: dict[str, str] = {}
    _collect(recorded, live, found)
    return found


def _collect(recorded: Any, live: Any, found: dict[str, str]) -> None:
    if isinstance(recorded, str) and isinstance(live, str):
        ours, theirs = _literals(recorded), _literals(live)
        if len(ours) == len(theirs):
            found.update((o, t) for o, t in zip(ours, theirs, strict=True) if o != t)
    elif _is_number(recorded) and _is_number(live):
        if recorded != live:
            found[str(recorded)] = str(live)
    elif isinstance(recorded, list | tuple) and isinstance(live, list | tuple):
        for one, other in zip(recorded, live, strict=False):
            _collect(one, other, found)
    elif isinstance(recorded, dict) and isinstance(live, dict):
        for name in recorded.keys() & live.keys():
            _collect(recorded[name], live[name], found)
