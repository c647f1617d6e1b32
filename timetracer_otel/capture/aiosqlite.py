"""aiosqlite: sqlite3 in a thread of its own, whose calls are those of the tasks that make them.

What it asks of SQLite is recorded as sqlite3's; here only the place of a task in its request
goes along to the thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry import context as otel_context

from timetracer_otel.dbapi_calls import Apart
from timetracer_otel.libraries import Library
from timetracer_otel.ownership import owned, owning
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder
from timetracer_otel.recording.flow import CURRENT_FLOW

__all__ = ["LIBRARY"]


def _carrying(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` at the place in the request where it was handed over; nothing else goes along."""
    context, flow, owner = otel_context.get_current(), CURRENT_FLOW.get(), owned()

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        token = otel_context.attach(context)
        step = CURRENT_FLOW.set(flow)
        try:
            with owning(owner):
                return function(*args, **keywords)
        finally:
            CURRENT_FLOW.reset(step)
            otel_context.detach(token)

    return call


def _executing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _execute(self: Any, fn: Any, *args: Any, **keywords: Any) -> Any:
        if active_recorder() is None:
            return await original(self, fn, *args, **keywords)
        return await original(self, _carrying(fn), *args, **keywords)

    return _execute


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _connect(self: Any) -> Any:
        if active_recorder() is not None and self._connection is None:
            self._connector = _carrying(self._connector)
        return await original(self)

    return _connect


def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Its thread serves whoever uses the connection: it is no step of who opened it."""

    @wraps(original)
    def __await__(self: Any) -> Any:  # noqa: N807
        with Apart():
            return original(self)

    return __await__


register_database_errors()

_CONNECTION = "aiosqlite.core:Connection"

LIBRARY = Library(
    name="aiosqlite",
    protocol="sql",
    module="aiosqlite",
    distribution="aiosqlite",
    versions=">=0.20",
    changes=(
        Patch(f"{_CONNECTION}._execute", _executing),
        Patch(f"{_CONNECTION}._connect", _connecting),
        PatchIfPresent(f"{_CONNECTION}.__await__", _starting),
    ),
)
