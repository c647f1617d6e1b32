"""Everything that an application can see of a value, a result or an exception, as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["error_snapshot", "plain"]

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_DEEPEST = 7

# What is an object of the run itself, or is said by the args already.
_NOT_COMPARED = frozenset(("add_note", "with_traceback", "args", "cursor", "pgconn", "pgresult"))


def plain(value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
    """As JSON can hold it: type and look of every value, containers item by item."""
    if value is None or isinstance(value, bool):
        return value
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, BaseException):
        return error_snapshot(value)
    if isinstance(value, Mapping):
        return [kind, [[plain(key), plain(item)] for key, item in value.items()]]
    if isinstance(value, list | tuple):
        return [kind, [plain(item) for item in value]]
    if isinstance(value, set | frozenset):
        return [kind, sorted(repr(item) for item in value)]
    if isinstance(value, memoryview):
        return [kind, repr(bytes(value))]
    return [kind, _ADDRESS.sub("0x…", repr(value))]


def error_snapshot(error: BaseException | None, depth: int = 0) -> dict[str, Any] | None:
    """An exception, every public attribute of it, and what it hangs on."""
    if error is None or depth > _DEEPEST:
        return None
    found: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "args": plain(error.args),
        "str": _ADDRESS.sub("0x…", str(error)),
        "repr": _ADDRESS.sub("0x…", repr(error)),
        "cause": error_snapshot(error.__cause__, depth + 1),
        "context": error_snapshot(error.__context__, depth + 1),
        "suppressed": error.__suppress_context__,
        "notes": getattr(error, "__notes__", []),
    }
    for name in dir(error):
        if not name.startswith("_") and name not in _NOT_COMPARED:
            found[name] = _attribute(error, name, depth)
    return found


def _attribute(error: BaseException, name: str, depth: int) -> Any:
    try:
        value = getattr(error, name)
    except Exception as raised:  # noqa: BLE001 - properties of foreign classes
        return f"raises {type(raised).__name__}: {raised}"
    if isinstance(value, BaseException):
        return error_snapshot(value, depth + 1)
    if name == "diag":
        fields = [field for field in dir(value) if not field.startswith("_")]
        return [type(value).__qualname__, {f: plain(getattr(value, f)) for f in fields}]
    return "callable" if callable(value) else plain(value)
