"""What a case works with: a driver, its database, and what has been seen so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.sql.snapshots import error_snapshot, plain

__all__ = ["ASYNCHRONOUS", "CASES", "DRIVERS", "MODULES", "Bench", "case", "has_case"]

DRIVERS = {
    "psycopg2": "postgresql",
    "psycopg": "postgresql",
    "psycopg_async": "postgresql",
    "sqlite3": "sqlite",
    "pymysql": "mysql",
    "mysqlclient": "mysql",
    "aiopg": "postgresql",
    "aiosqlite": "sqlite",
    "aiomysql": "mysql",
}
"""Each driver, and the database it speaks to."""

MODULES = {"mysqlclient": "MySQLdb"}
"""The modules of drivers that are imported under another name."""

ASYNCHRONOUS = ("psycopg_async", "aiopg", "aiosqlite", "aiomysql")


@dataclass(frozen=True)
class Case:
    """A case, and the drivers it is for."""

    function: Callable[..., Any]
    drivers: tuple[str, ...]


CASES: dict[str, Case] = {}


def case(*drivers: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function under its name, for `drivers`."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        assert function.__name__ not in CASES
        CASES[function.__name__] = Case(function, drivers)
        return function

    return enter


def has_case(driver: str, name: str) -> bool:
    return driver in CASES[name].drivers


@dataclass
class Bench:
    """A driver with its address (a path, a DSN or keywords), and what a case has seen."""

    driver: str
    name: str
    address: Any
    seen: list[Any] = field(default_factory=list)

    @property
    def module(self) -> Any:
        """The driver's module."""
        return __import__(MODULES.get(self.driver, self.driver))

    def connect(self, **options: Any) -> Any:
        """A connection of a synchronous driver."""
        if isinstance(self.address, dict):
            return self.module.connect(**{**self.address, **options})
        return self.module.connect(self.address, **options)

    def marks(self, count: int) -> str:
        """So many placeholders, as this driver writes them."""
        return ", ".join(["?" if DRIVERS[self.driver] == "sqlite" else "%s"] * count)

    def note(self, *values: Any, **named: Any) -> None:
        self.seen.extend(plain(value) for value in values)
        self.seen.extend([name, plain(value)] for name, value in named.items())

    def tried(self, call: Callable[[], Any]) -> Any:
        """Note what `call` raises, or gives."""
        try:
            value = call()
        except Exception as error:  # noqa: BLE001 - any error is an outcome
            self.seen.append(error_snapshot(error))
            return None
        self.note(value)
        return value

    async def tried_later(self, call: Any) -> Any:
        """Note what awaiting `call` raises, or gives."""
        try:
            value = await call
        except Exception as error:  # noqa: BLE001 - any error is an outcome
            self.seen.append(error_snapshot(error))
            return None
        self.note(value)
        return value
