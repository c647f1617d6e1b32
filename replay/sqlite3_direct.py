"""Databases that are opened past `sqlite3.connect`, by `sqlite3.Connection(...)`: not in a replay.

The class is one of C's, and cannot be changed; but whoever initialises it is announced.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from timetracer_otel.errors import CannotReplay
from timetracer_otel.local_databases import is_in_memory
from timetracer_otel.ownership import owned
from timetracer_otel.replay.sessions import serving

__all__ = ["NoDirectConnections", "passing"]

_PASSING: ContextVar[bool] = ContextVar("timetracer_sqlite3_passing", default=False)


@contextmanager
def passing() -> Iterator[None]:
    """What is opened within the block is none of the application's."""
    token = _PASSING.set(True)
    try:
        yield
    finally:
        _PASSING.reset(token)


class NoDirectConnections:
    """Refuse them while it is applied. A database in memory is its process's own."""

    _is_hooked = False
    _applied = 0

    def apply(self) -> Callable[[], None]:
        kind = type(self)
        kind._applied += 1
        if not kind._is_hooked:
            kind._is_hooked = True
            sys.addaudithook(_announced)  # for good: there is no way to take one back

        def undo() -> None:
            kind._applied -= 1

        return undo

    @classmethod
    def is_applied(cls) -> bool:
        """Whether connections are refused now."""
        return cls._applied > 0


def _announced(event: str, args: tuple[Any, ...]) -> None:
    if event != "sqlite3.connect" or not NoDirectConnections.is_applied():
        return
    if _PASSING.get() or owned() or not serving("sqlite3") or is_in_memory(args[0]):
        return
    raise CannotReplay(
        subject=f"sqlite3.Connection({os.fspath(args[0])!r})",
        reason="what is opened past `sqlite3.connect` is not recorded",
        hint="open it with `sqlite3.connect`",
    )
