"""What the application notices, one JSON line each: case, event, details."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

Say = Callable[..., None]


def say_for(headers: Any) -> Say:
    """`say(event, **details)` for the case that a request's headers name."""
    case = next((value.decode() for name, value in headers if name == b"x-case"), "")

    def say(event: str, **details: Any) -> None:
        line = json.dumps([case, event, details], default=repr, sort_keys=True)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    return say


def described(error: BaseException, depth: int = 3) -> dict[str, Any]:
    """All that an application could see of an exception, but for frames that are not its own."""
    if not depth:  # links may go round in a circle
        return {"type": type(error).__qualname__}
    depth -= 1
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    cause, context = error.__cause__, error.__context__
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "args": repr(error.args),
        "notes": getattr(error, "__notes__", []),
        "cause": described(cause, depth) if cause is not None else None,
        "context": described(context, depth) if context is not None else None,
        "suppressed": error.__suppress_context__,
        "members": [described(member, depth) for member in members],
        "own frames": [
            frame.name
            for frame in traceback.extract_tb(error.__traceback__)
            if "tests/transparency" in frame.filename
        ],
    }
