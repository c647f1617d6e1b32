"""One way to write a case for every driver, synchronous or not.

A case is a function. Over an asynchronous driver it runs in a greenlet, as everything that
`AsyncConnection.run_sync` runs does; a coroutine function is a case for asynchronous drivers
alone.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.sql.snapshots import error_snapshot, plain

__all__ = ["CASES", "KINDS", "Bench", "Case", "case", "has_case"]

KINDS = {
    "sqlite": "sqlite+pysqlite",
    "aiosqlite": "sqlite+aiosqlite",
    "psycopg": "postgresql+psycopg",
    "psycopg-async": "postgresql+psycopg_async",
    "psycopg2": "postgresql+psycopg2",
    "asyncpg": "postgresql+asyncpg",
    "pymysql": "mysql+pymysql",
    "aiomysql": "mysql+aiomysql",
}
"""What a URL begins with, by the name of a kind of engine."""

ASYNCHRONOUS = frozenset(("aiosqlite", "psycopg-async", "asyncpg", "aiomysql"))


@dataclass(frozen=True)
class Case:
    """`function`, and the systems (``sqlite``) or kinds (``psycopg2``) it is for: () means all."""

    function: Callable[[Bench], Any]
    only: tuple[str, ...] = ()


CASES: dict[str, Case] = {}


def case(*only: str) -> Callable[[Callable[[Bench], Any]], Callable[[Bench], Any]]:
    """Enter a function under its name."""

    def enter(function: Callable[[Bench], Any]) -> Callable[[Bench], Any]:
        assert function.__name__ not in CASES, function.__name__
        CASES[function.__name__] = Case(function, only)
        return function

    return enter


def has_case(kind: str, name: str) -> bool:
    """Whether a kind of engine knows the case."""
    found = CASES[name]
    if inspect.iscoroutinefunction(found.function) and kind not in ASYNCHRONOUS:
        return False
    return not found.only or bool({kind, KINDS[kind].partition("+")[0]} & {*found.only})


class Bench:
    """What a case works with: engines of one kind, and what it has seen so far."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        self.url = make_url(os.environ["URL"])
        self.other_url = make_url(os.environ["OTHER_URL"])
        self.refused_url = make_url(os.environ["REFUSED_URL"])
        self.is_async = kind in ASYNCHRONOUS
        self.system = KINDS[kind].partition("+")[0]
        self.metadata = MetaData()
        self.seen: list[Any] = []
        self._engines: list[Any] = []
        self._own: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The case's own engine, as an application makes it."""
        if self._own is None:
            self._own = self.make_engine()
        return self._own

    def make_engine(self, url: Any = None, **options: Any) -> Engine:
        """One more engine; the synchronous face of it over an asynchronous driver."""
        if self.is_async:
            return self.make_async_engine(url, **options).sync_engine
        made = create_engine(url or self.url, **options)
        self._engines.append(made)
        return made

    def make_async_engine(self, url: Any = None, **options: Any) -> AsyncEngine:
        """One more asynchronous engine."""
        made = create_async_engine(url or self.url, **options)
        self._engines.append(made.sync_engine)
        return made

    def close(self) -> None:
        """Every engine's connections are closed."""
        for engine in self._engines:
            engine.dispose()

    def note(self, **values: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.append({name: plain(value) for name, value in values.items()})

    def tried(self, call: Callable[[], Any]) -> Any:
        """The outcome of `call`, noted if it is an error."""
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - it is what the runs are compared by
            self.seen.append({"error": error_snapshot(error)})

    def result(self, result: Any, *, rows: bool = True) -> Any:
        """Note all that a cursor result says of itself."""
        cursor = result.cursor
        self.note(
            keys=list(result.keys()) if result.returns_rows else None,
            description=[tuple(c) for c in cursor.description] if cursor is not None else None,
            rowcount=result.rowcount,
            returns_rows=result.returns_rows,
            is_insert=result.is_insert,
        )
        # asking for what a driver does not have closes the result
        names = ("lastrowid",) if result.is_insert and self.system != "postgresql" else ()
        for name in (*names, "inserted_primary_key", "inserted_primary_key_rows"):
            self.note(**{name: _tried(lambda name=name: getattr(result, name))})
        if rows and result.returns_rows:
            self.note(rows=[tuple(row) for row in result.all()])
        return result

    @contextmanager
    def created(self) -> Iterator[Any]:
        """The case's tables on a connection of its own, committed at the end."""
        with self.engine.begin() as connection:
            self.metadata.create_all(connection)
        with self.engine.begin() as connection:
            yield connection

    def listen(self, target: Any, name: str, function: Callable[..., Any], **options: Any) -> None:
        """Listen for as long as the process runs: engines belong to one case."""
        event.listen(target, name, function, **options)


def _tried(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - as above
        return f"{type(error).__name__}: {error}"
