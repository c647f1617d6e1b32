"""A DB-API connection that answers from the recording: synchronous, for async engines too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.protocols.sql import SqlInteraction, SqlRequestRef, SqlResponse
from timetracer_otel.recording.draft import Scope
from timetracer_otel.replay.sessions import answer
from timetracer_otel.values import decode, snapshot

__all__ = ["RecordedConnection", "RecordedCursor"]


class RecordedCursor:
    """Executes by asking the recording; holds the rows that were fetched then."""

    arraysize = 1
    itersize = 2000
    server_side = False
    name: str | None = None

    def __init__(self, connection: RecordedConnection) -> None:
        self.connection = connection
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: Any = None
        self._rows: list[Any] = []
        self._next = 0
        self._broken: BaseException | None = None

    def execute(self, statement: Any, parameters: Any = None, *_: Any, **__: Any) -> Any:
        return self._ask("execute", statement, parameters)

    def executemany(self, statement: Any, parameters: Any = (), *_: Any, **__: Any) -> Any:
        return self._ask("executemany", statement, parameters)

    def executescript(self, script: Any) -> Any:
        return self._ask("executescript", script, None)

    def callproc(self, name: Any, parameters: Any = None) -> Any:
        return self._ask("callproc", name, parameters)

    def nextset(self) -> Any:
        return self._ask("nextset", "", None)

    def _ask(self, operation: str, statement: Any, parameters: Any) -> Any:
        recorded = self.connection.ask(operation, statement, parameters)
        if recorded.error is not None and recorded.error.stage != "fetch":
            raise decode_error(recorded.error)
        self._broken = decode_error(recorded.error) if recorded.error is not None else None
        response = recorded.response or SqlResponse()
        if response.truncated:
            raise CannotReplay(
                subject=recorded.title,
                reason=f"only {len(response.rows):,} of its rows were kept when it was recorded",
                hint="raise `max_rows` or `max_trace_kb` and record it again",
            )
        columns = response.columns
        self.description = None if columns is None else [decode(column) for column in columns]
        self.rowcount = response.rowcount
        self.lastrowid = decode(response.lastrowid)
        self._rows = [tuple(decode(cell) for cell in row) for row in response.rows]
        self._next = 0
        if "returned" in response.extra:
            return decode(response.extra["returned"])
        return self if self.connection.returns_cursor else None

    def fetchone(self) -> Any:
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        rows = self._rows[self._next : self._next + (size or self.arraysize)]
        self._next += len(rows)
        if not rows and self._broken is not None:
            raise self._broken
        return rows

    def fetchall(self) -> Any:
        rows = self._rows[self._next :]
        self._next = len(self._rows)
        if self._broken is not None:
            raise self._broken
        return rows if self.connection.driver not in ("pymysql", "mysqldb") else tuple(rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchone, None)

    def setinputsizes(self, *_: Any) -> None:
        """Nothing is sent, so nothing has a size."""

    def setoutputsize(self, *_: Any) -> None:
        """As above."""

    def close(self) -> None:
        if self.connection.driver == "psycopg":
            self.rowcount = -1  # psycopg 3 forgets it, and SQLAlchemy reads it lazily

    async def _async_soft_close(self) -> None:
        """SQLAlchemy's async adapters have it."""

    def __enter__(self) -> RecordedCursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Info:
    """What psycopg and psycopg2 say of a connection."""

    dbname = host = user = "replay"
    port = 0
    server_version = 150000
    encoding = "utf-8"
    transaction_status = 0
    status = 0

    def parameter_status(self, name: str) -> str | None:
        return {"standard_conforming_strings": "on", "TimeZone": "UTC"}.get(name)


def _nothing(*_: Any, **__: Any) -> None:
    return None


async def _nothing_async(*_: Any, **__: Any) -> None:
    return None


_SILENT = frozenset(
    [
        "add_notice_handler",
        "close",
        "create_aggregate",
        "create_collation",
        "create_function",
        "load_extension",
        "enable_load_extension",
        "set_autocommit",
        "set_client_encoding",
        "set_deferrable",
        "set_isolation_level",
        "set_read_only",
        "set_session",
        "set_trace_callback",
        "terminate",
        "rollback",
        "reset",
        "ping",
        "set_character_set",
        "select_db",
        "tpc_begin",
        "tpc_prepare",
        "tpc_commit",
        "tpc_rollback",
    ]
)
_SILENT_ASYNC = frozenset(
    ["set_type_codec", "set_builtin_type_codec", "add_listener", "remove_listener"]
)


class RecordedConnection:
    """What SQLAlchemy's dialects and the application ask of a driver's connection.

    What only sets the connection up does nothing; what asks the server asks the recording.
    `scope` is ``bootstrap`` until its connect events are over.
    """

    isolation_level: Any = None
    autocommit: Any = False
    deferrable: Any = False
    readonly: Any = False
    read_only: Any = False
    notices: Sequence[str] = ()
    encoding = "utf8"
    charset = "utf8mb4"
    closed: Any = 0
    status = 1
    broken = False
    server_version = 150000
    in_transaction = False
    row_factory: Any = None
    text_factory: Any = str
    info: Any = _Info()

    def __init__(
        self,
        *,
        library: str,
        system: str,
        driver: str,
        checkpoint: Callable[[], None],
    ) -> None:
        self.scope: Scope = "bootstrap"
        self.driver = driver
        self.returns_cursor = driver in ("pysqlite", "psycopg")
        self._library = library
        self._system = system
        self._checkpoint = checkpoint

    def ask(self, operation: str, statement: Any = "", parameters: Any = None) -> SqlInteraction:
        """The recorded answer; an async engine lets other tasks run first, as a network would."""
        text = statement.decode() if isinstance(statement, bytes) else str(statement)
        ref = SqlRequestRef(operation, self._system, self.driver, text, snapshot(parameters))
        self._checkpoint()
        recorded = answer("sql", self._library, ref, self.scope)
        if not isinstance(recorded, SqlInteraction):
            raise TypeError(f"{recorded.title} is no SQL interaction")
        return recorded

    def cursor(self, *_: Any, **__: Any) -> RecordedCursor:
        return RecordedCursor(self)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        cursor = self.cursor()
        cursor.execute(statement, parameters)
        return cursor

    def executemany(self, statement: Any, parameters: Any) -> Any:
        cursor = self.cursor()
        cursor.executemany(statement, parameters)
        return cursor

    def commit(self) -> None:
        recorded = self.ask("commit")
        if recorded.error is not None:
            raise decode_error(recorded.error)

    def get_server_info(self) -> Any:
        return self._told("get_server_info")

    def character_set_name(self) -> Any:
        return self._told("character_set_name")

    def _told(self, operation: str) -> Any:
        response = self.ask(operation).response
        return decode(response.extra.get("returned")) if response is not None else None

    def await_(self, awaitable: Any) -> Any:
        """SQLAlchemy's async adapters run what sets a connection up through this."""
        if hasattr(awaitable, "close"):
            awaitable.close()

    @property
    def _connection(self) -> RecordedConnection:
        return self

    def is_closed(self) -> bool:
        return False

    @property
    def adapters(self) -> Any:
        import psycopg

        return psycopg.adapters

    def __getattr__(self, name: str) -> Any:
        if name in _SILENT:
            return _nothing
        if name in _SILENT_ASYNC:
            return _nothing_async
        raise AttributeError(f"{self.driver} connection in replay has no {name!r}")

    def __enter__(self) -> RecordedConnection:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.commit()
