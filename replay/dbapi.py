"""A DB-API connection that answers from the recording: synchronous, for async engines too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from timetracer_otel.dbapi import RUNNING, SETTING, UNSEEN
from timetracer_otel.dbapi_calls import Origin
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import RecordedError, decode_error
from timetracer_otel.protocols.sql import SqlInteraction, SqlResponse
from timetracer_otel.replay.database_answers import asked
from timetracer_otel.values import decode

__all__ = ["Driver", "RecordedConnection", "RecordedCursor"]


def _all_rows(rows: list[Any]) -> Any:
    return rows


@dataclass(frozen=True, slots=True)
class Driver:
    """What a driver's own objects are like, where that cannot be seen in a recording.

    `connection` and `cursor` are its classes: whether a name is theirs, and a method, is looked
    up there. `described` makes a cursor's description from its columns, and `rows_of` what a
    fetch of many gives from a list. `fetch_zero` is what ``fetchmany(0)`` fetches: ``all``, the
    cursor's ``arraysize``, or ``none``. `no_result` gives what a fetch raises without a result,
    executed or not. `wait` lets other tasks run, for seconds, where the driver would wait for
    the network.
    """

    name: str
    connection: type[Any] | None = None
    cursor: type[Any] | None = None
    described: Callable[[list[Any]], Any] = tuple
    rows_of: Callable[[list[Any]], Any] = _all_rows
    fetch_zero: str = "none"
    returns_cursor: bool = False
    forgets_rowcount: bool = False
    no_result: Callable[[bool], BaseException | None] = field(default=lambda _: None)
    wait: Callable[[float], None] = field(default=lambda _: None)


class _Asking:
    """What a driver's object may be asked besides what is the same for all."""

    def _ask_recorded(self, operation: str, parameters: Any = None) -> Any:
        raise NotImplementedError

    def _other(self, kind: type[Any] | None, name: str, prefix: str = "") -> Any:
        """Attribute or method `name`: told from the recording, or done with no effect."""
        unknown = name in SETTING and kind is not None and not hasattr(kind, name)
        if name[:1] == "_" or unknown or _lacks(kind, name):
            text = f"{kind.__name__!r} object" if kind is not None else "connection in replay"
            raise AttributeError(f"{text} has no attribute {name!r}")
        found = getattr(kind, name, None)
        if name in SETTING and callable(found):
            return _nothing
        if found is None or not callable(found):
            return self._ask_recorded(f".{prefix}{name}")
        if name in UNSEEN:
            reason = "what it does was not recorded: only statements and values are"
            raise CannotReplay(subject=f"`{name}` of a connection", reason=reason)

        def method(*args: Any, **keywords: Any) -> Any:
            parameters = [*args, keywords] if keywords else list(args)
            return self._ask_recorded(f"{prefix}{name}", parameters or None)

        return method


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _lacks(kind: type[Any] | None, name: str) -> bool:
    """Whether an object of `kind` has no `name`: known where its class has every attribute."""
    if kind is None or hasattr(kind, name) or kind.__dictoffset__:
        return False
    return not hasattr(kind, "__getattr__")  # it may pass on to the driver's own


class RecordedCursor(_Asking):
    """Executes by asking the recording; holds the rows that were fetched then."""

    arraysize = 1

    def __init__(self, connection: RecordedConnection) -> None:
        self._above = connection
        if not _lacks(connection.driver.cursor, "connection"):
            self.connection = connection
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: Any = None
        self._rows: list[Any] | None = None
        self._rowcount_read: int | None = None
        self._executed = False
        self._next = 0
        self._broken: RecordedError | None = None

    def execute(self, statement: Any, parameters: Any = None, *_: Any, **__: Any) -> Any:
        return self._run("execute", statement, parameters)

    def executemany(self, statement: Any, parameters: Any = (), *_: Any, **__: Any) -> Any:
        return self._run("executemany", statement, parameters)

    def __getattr__(self, name: str) -> Any:
        driver = self._above.driver
        if name not in RUNNING:
            return self._other(driver.cursor, name)
        if driver.cursor is not None and not hasattr(driver.cursor, name):
            raise AttributeError(f"{driver.cursor.__name__!r} object has no attribute {name!r}")
        return lambda statement="", parameters=None: self._run(name, statement, parameters)

    def _ask_recorded(self, operation: str, parameters: Any = None) -> Any:
        return self._above._ask_recorded(operation, parameters)

    def _run(self, operation: str, statement: Any, parameters: Any) -> Any:
        recorded = self._above.ask(operation, statement, parameters)
        response = recorded.response or SqlResponse()
        if response.truncated:
            raise CannotReplay(
                subject=recorded.title,
                reason=f"only {len(response.rows):,} of its rows were kept when it was recorded",
                hint="raise `max_rows` or `max_trace_kb` and record it again",
            )
        columns = response.columns
        driver = self._above.driver
        self._broken, self._executed = response.error, True
        self.description = (
            None if columns is None else driver.described([decode(column) for column in columns])
        )
        self.rowcount = response.rowcount
        self.lastrowid = decode(response.lastrowid)
        self._rowcount_read = response.extra.get("rowcount when read")
        self._rows = None if columns is None else [_row(row) for row in response.rows]
        self._next = 0
        if "notices" in response.extra:
            self._above.notices[:] = response.extra["notices"]
        if "returned" in response.extra:
            return decode(response.extra["returned"])
        return self if driver.returns_cursor else None

    def fetchone(self) -> Any:
        rows = self._take(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None, *_: Any, **__: Any) -> Any:
        if size == 0:
            rule = self._above.driver.fetch_zero
            size = {"none": 0, "all": None, "arraysize": self.arraysize}[rule]
        elif size is None:
            size = self.arraysize
        return self._above.driver.rows_of(self._take(size))

    def fetchall(self) -> Any:
        return self._above.driver.rows_of(self._take(None))

    def _take(self, size: int | None) -> list[Any]:
        if self._rows is None:
            return self._nothing_to_fetch()
        end = len(self._rows) if size is None else self._next + size
        rows = self._rows[self._next : end]
        if self._broken is not None and (end > len(self._rows) or size is None):
            error, self._broken = decode_error(self._broken), None
            raise error
        self._next += len(rows)
        if self._rowcount_read is not None and self._next >= len(self._rows):
            self.rowcount = self._rowcount_read
        return rows

    def _nothing_to_fetch(self) -> list[Any]:
        if self._broken is not None:
            raise decode_error(self._broken)
        error = self._above.driver.no_result(self._executed)
        if error is not None:
            raise error
        return []

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchone, None)

    def __next__(self) -> Any:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def close(self) -> None:
        if self._above.driver.forgets_rowcount:
            self.rowcount = -1

    async def _async_soft_close(self) -> None:
        """SQLAlchemy's async adapters have it."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _row(row: Any) -> Any:
    """A list of values is what every sequence of cells became; a dict cursor's row is an object."""
    return tuple(decode(cell) for cell in row) if type(row) is list else decode(row)


class _RecordedPart(_Asking):
    """``connection.info``: every question to it is one to the recording."""

    def __init__(self, connection: RecordedConnection, name: str) -> None:
        self._connection = connection
        self._name = name

    def _ask_recorded(self, operation: str, parameters: Any = None) -> Any:
        return self._connection._ask_recorded(operation, parameters)

    def __getattr__(self, name: str) -> Any:
        kind = _ConnectionInfo if name in vars(_ConnectionInfo) else None
        return self._other(kind, name, f"{self._name}.")


class _ConnectionInfo:
    """The methods that psycopg's and psycopg2's have; all else in it are attributes."""

    def parameter_status(self, name: str) -> None: ...

    def get_parameters(self) -> None: ...

    def get_parameter_status(self, name: str) -> None: ...


class RecordedConnection(_Asking):
    """What libraries and the application ask of a driver's connection.

    What only sets the connection up does nothing; what asks the server asks the recording.
    `scope` is ``bootstrap`` until its connect events are over. `isinstance` takes it for the
    driver's own.
    """

    def __init__(self, origin: Origin, driver: Driver) -> None:
        self.origin = origin
        self.driver = driver
        self.notices: list[str] = []

    @property  # type: ignore[misc]  # `isinstance` asks for it, and nothing assigns to it
    def __class__(self) -> Any:
        return self.__dict__["driver"].connection or RecordedConnection

    def ask(self, operation: str, statement: Any = "", parameters: Any = None) -> SqlInteraction:
        """The recorded answer; raises the recorded error.

        That of an asynchronous driver lets other tasks run first, as a network would.
        """
        self.driver.wait(0)
        return asked(self.origin, operation, statement, parameters, self.driver.wait)

    def _ask_recorded(self, operation: str, parameters: Any = None) -> Any:
        response = self.ask(operation, "", parameters).response
        return decode(response.extra.get("returned")) if response is not None else None

    def cursor(self, *_: Any, **__: Any) -> RecordedCursor:
        return RecordedCursor(self)

    def commit(self) -> None:
        self.ask("commit")

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _OURS and name[:1] != "_":
            self.origin.setting(name, value)
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        kind = self.driver.connection
        if name == "info":
            # psycopg's and psycopg2's classes have it; those that pass on may be of either
            if kind is not None and not (hasattr(kind, name) or hasattr(kind, "__getattr__")):
                raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")
            return _RecordedPart(self, name)
        # SQLAlchemy 2.0's adapters pass on to the driver what they have not themselves
        passing = "__getattr__" in vars(kind or object)
        if name in SETTING and (passing or callable(getattr(kind, name, None))):
            return partial(self._set, name)
        if name in _BELOW and hasattr(kind, "driver_connection"):
            return _DriverConnection(self)
        if name not in RUNNING:
            return self._other(kind, name)
        if kind is None or not hasattr(kind, name):
            raise AttributeError(f"connection in replay has no attribute {name!r}")
        return lambda *args, **keywords: _executed(self, name, args, keywords)

    def _set(self, name: str, *args: Any, **_: Any) -> None:
        if len(args) == 1:
            self.origin.setting(name, args[0])
        if name == "await_" and hasattr(args[0], "close"):
            args[0].close()  # what sets up the driver's own connection has nothing to set up

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.commit()


_OURS = frozenset(("driver", "notices", "origin"))
_TOLD_AT_ONCE = frozenset(
    ["get_reset_query", "get_server_pid", "get_server_version", "is_closed", "is_in_transaction"]
)
_BELOW = frozenset(("_connection", "driver_connection"))
"""Names under which SQLAlchemy's async adapters have the driver's own connection."""


class _DriverConnection:
    """The asynchronous connection below one of SQLAlchemy's adapters.

    What sets it up does nothing; what else it is asked was not seen.
    """

    def __init__(self, above: RecordedConnection) -> None:
        self._above = above

    def __getattr__(self, name: str) -> Any:
        if name in SETTING:
            return _nothing_async
        if name in vars(self._above):
            return vars(self._above)[name]
        if name in _TOLD_AT_ONCE:
            return lambda *args: self._above._ask_recorded(f"connection.{name}", list(args) or None)
        raise CannotReplay(
            subject=f"`{name}` of the connection of {self._above.driver.name}",
            reason="what is asked of it past SQLAlchemy is not recorded",
        )


async def _nothing_async(*_: Any, **__: Any) -> None:
    return None


def _executed(
    connection: RecordedConnection, name: str, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    cursor = connection.cursor()
    getattr(cursor, name)(*args, **keywords)
    return cursor
