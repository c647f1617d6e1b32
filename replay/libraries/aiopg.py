"""aiopg: what it stands on, psycopg2's asynchronous connections, answers from the recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.aiopg import LIBRARY as CAPTURED
from timetracer_otel.capture.aiopg import standing_on_psycopg2
from timetracer_otel.patching import Patch

__all__ = ["LIBRARY"]


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _connect(self: Any) -> Any:
        origin = getattr(self._conn, "_replayed_origin", None)
        if origin is None:
            return await original(self)
        origin.scope = "bootstrap"
        try:
            return await original(self)
        finally:
            origin.scope = "trace"

    return _connect


LIBRARY = CAPTURED.in_replay(
    changes=(
        Patch("aiopg.connection:Connection.__init__", standing_on_psycopg2),
        Patch("aiopg.connection:Connection._connect", _opening),
    ),
)
