"""What a case works with, and everything an application can see as plain values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

__all__ = ["CASES", "Caller", "case", "plain"]

Case = Callable[["Caller"], Awaitable[None]]

CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    assert function.__name__ not in CASES
    CASES[function.__name__] = function
    return function


class Caller:
    """The server's address, and what the case has seen so far."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.seen: list[Any] = []

    @asynccontextmanager
    async def connection(self, **options: Any) -> AsyncIterator[Any]:
        """A connection of the case's own."""
        connection = await asyncpg.connect(self.dsn, **options)
        try:
            yield connection
        finally:
            await connection.close()

    def note(self, *values: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.extend(values)

    async def tried(self, call: Awaitable[Any]) -> None:
        """The outcome of `call`, whichever it is."""
        try:
            self.note(await call)
        except Exception as error:  # noqa: BLE001 - any error is an outcome
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """An exception, with all that can be read from it."""
        fields = {k: v for k, v in vars(error).items() if not k.startswith("__")}
        self.note({"error": type(error), "args": error.args, "str": str(error), "fields": fields})


def plain(value: Any) -> Any:  # noqa: PLR0911 - one kind of value each
    """As JSON can hold it, with every type named."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, asyncpg.Record):
        return {"record": [[key, plain(item)] for key, item in value.items()]}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if hasattr(value, "points"):  # a path or a polygon
        return [kind, [plain(point) for point in value.points], getattr(value, "is_closed", None)]
    if isinstance(value, list | tuple | set):
        return [kind, [plain(item) for item in value]]
    return [kind, repr(value)]
