"""DB-API connections and cursors that note what is asked of them and what they answer.

Proxies, so that ``isinstance`` and every attribute of the driver's own objects hold. SQLAlchemy
puts them around what its pools open; a driver used directly may do the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.dbapi_calls import Apart, Call, Origin, asked_with
from timetracer_otel.recording import guarded
from timetracer_otel.values import snapshot

__all__ = [
    "PARTS",
    "RUNNING",
    "SETTING",
    "UNSEEN",
    "Origin",
    "RecordingConnection",
    "RecordingCursor",
]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy

_NO_KEYWORDS: dict[str, Any] = {}

_IN_EXECUTE, _IN_EXECUTED = guarded("dbapi execute"), guarded("dbapi executed")
_IN_FETCH, _IN_END = guarded("dbapi fetch"), guarded("dbapi end")
_IN_CONNECTION = guarded("dbapi connection")

RUNNING = frozenset(("execute", "executemany", "executescript", "callproc", "nextset"))
"""Methods that run something, on cursors and, with several drivers, on connections."""

SETTING = frozenset(
    [
        "add_notice_handler",
        "autocommit",
        "await_",
        "close",
        "create_aggregate",
        "create_collation",
        "create_function",
        "create_window_function",
        "enable_load_extension",
        "load_extension",
        "ping",
        "reset",
        "rollback",
        "scroll",
        "select_db",
        "set_authorizer",
        "set_autocommit",
        "set_builtin_type_codec",
        "set_character_set",
        "set_client_encoding",
        "set_deferrable",
        "set_isolation_level",
        "set_progress_handler",
        "set_read_only",
        "set_session",
        "set_trace_callback",
        "set_type_codec",
        "setinputsizes",
        "setoutputsize",
        "terminate",
    ]
)
"""Methods that set a connection up or end something, and tell nothing: not noted."""

UNSEEN = frozenset(
    [
        "backup",
        "copy",
        "copy_expert",
        "copy_from",
        "copy_to",
        "cursor",
        "iterdump",
        "notices",
        "stream",
        "transaction",
    ]
)
"""Methods that give what cannot be noted as one value."""

PARTS = frozenset(["info", "_connection", "driver_connection"])
"""Attributes that are objects to be asked in their turn: SQLAlchemy's async adapters have the
driver's own connection under two names."""

_TOLD = (int, str, bytes, float, tuple, list, dict, type(None))


class RecordingCursor(_Proxy):
    """A driver's cursor, and a note of its calls and rows."""

    def __init__(self, cursor: Any, origin: Origin, connection: Any = None) -> None:
        super().__init__(cursor)
        self._self_origin = origin
        self._self_connection = connection
        self._self_call: Call | None = None

    def execute(self, *args: Any, **keywords: Any) -> Any:
        return self._self_run("execute", self.__wrapped__.execute, args, keywords)

    def executemany(self, *args: Any, **keywords: Any) -> Any:
        return self._self_run("executemany", self.__wrapped__.executemany, args, keywords)

    def __getattr__(self, name: str) -> Any:
        """What not every driver has: it is there if the driver's own cursor has it."""
        value = getattr(self.__wrapped__, name)
        if name == "connection" and self._self_connection is not None:
            return self._self_connection
        if name in _OF_RESULT or name[:1] == "_":
            return value
        if name in RUNNING:
            return lambda *args, **keywords: self._self_run(name, value, args, keywords)
        return _noted(self._self_origin, name, value)

    def _self_run(
        self, operation: str, call: Callable[..., Any], args: tuple[Any, ...], keywords: Any
    ) -> Any:
        self._self_end()
        noted: Call | None = None
        try:
            noted = self._self_origin.begin(operation, *asked_with(args, keywords))
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _IN_EXECUTE:
                raise
        if noted is None:
            returned = call(*args, **keywords)
            return self if returned is self.__wrapped__ else returned
        try:
            returned = _called(self._self_origin, call, args, keywords)
        except BaseException as error:
            with guarded("dbapi error"):
                noted.failed(error, "execute")
            raise
        try:
            if self._self_connection is not None and self._self_connection._self_has_notices:
                noted.noticed(self._self_connection.__wrapped__.notices)
            noted.executed(self.__wrapped__, returned)
            self.fetchone = noted.fetching(self.__wrapped__)  # type: ignore[method-assign]
            self._self_call = noted
        except Exception:
            with _IN_EXECUTED:
                raise
        return self if returned is self.__wrapped__ else returned

    def fetchone(self) -> Any:
        """Before anything was executed; from then on the call's own stands here."""
        return self.__wrapped__.fetchone()

    def fetchmany(self, *args: Any, **keywords: Any) -> Any:
        rows = self._self_fetch(self.__wrapped__.fetchmany, *args, **keywords)
        call = self._self_call
        if call is not None and not call.over:
            with _IN_FETCH:
                call.fetched(self.__wrapped__, rows)
        return rows

    def fetchall(self) -> Any:
        rows = self._self_fetch(self.__wrapped__.fetchall)
        call = self._self_call
        if call is not None and not call.over:
            try:
                call.fetched(self.__wrapped__, rows)
                self._self_end()
            except Exception:
                with _IN_FETCH:
                    raise
        return rows

    def _self_fetch(self, fetch: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        try:
            return fetch(*args, **keywords)
        except BaseException as error:
            self._self_broke_off(error)
            raise

    def _self_broke_off(self, error: BaseException) -> None:
        call, self._self_call = self._self_call, None
        if call is not None and not call.over:
            with _IN_FETCH:
                call.broke_off(error)

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def __next__(self) -> Any:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def close(self, *args: Any, **keywords: Any) -> Any:
        self._self_end()
        return self.__wrapped__.close(*args, **keywords)

    def _self_end(self) -> None:
        call, self._self_call = self._self_call, None
        if call is not None and not call.over:
            try:
                call.finish()
            except Exception:
                with _IN_END:
                    raise

    def __enter__(self) -> Any:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        self._self_end()
        return self.__wrapped__.__exit__(*error)


_OF_RESULT = frozenset(("description", "rowcount", "lastrowid", "arraysize", "connection"))
"""What is kept with every answer, or set by the application itself."""


class RecordingConnection(_Proxy):
    """A driver's connection whose cursors are noted, its commits, and what else it is asked."""

    def __init__(self, connection: Any, origin: Origin) -> None:
        super().__init__(connection)
        self._self_origin = origin
        self._self_has_notices = hasattr(type(connection), "notices")

    def cursor(self, *args: Any, **keywords: Any) -> Any:
        cursor = self.__wrapped__.cursor(*args, **keywords)
        return RecordingCursor(cursor, self._self_origin, self)

    def commit(self) -> Any:
        return _ask(self._self_origin, "commit", self.__wrapped__.commit)

    def rollback(self) -> Any:
        """Its success says nothing; a failure is noted."""
        try:
            return _called(self._self_origin, self.__wrapped__.rollback)
        except BaseException as error:
            with guarded("dbapi rollback"):
                call = self._self_origin.begin("rollback")
                if call is not None:
                    call.failed(error, "rollback")
            raise

    def __getattr__(self, name: str) -> Any:
        """Everything else that a driver's connection may have, noted if it tells something."""
        value = getattr(self.__wrapped__, name)
        if name in RUNNING:
            return lambda *args, **keywords: _through_cursor(self, name, value, args, keywords)
        if name in SETTING and callable(value):
            return _set_by(self._self_origin, name, value)
        return _noted(self._self_origin, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        if name[:1] != "_":
            self._self_origin.setting(name, value)
        super().__setattr__(name, value)

    def __enter__(self) -> Any:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        leave = self.__wrapped__.__exit__
        if error[0] is not None:
            return leave(*error)
        return _ask(self._self_origin, "commit", lambda: leave(*error))


class _RecordingPart(_Proxy):
    """An object of a connection's (``connection.info``) that is asked in its turn."""

    def __init__(self, part: Any, origin: Origin, name: str) -> None:
        super().__init__(part)
        self._self_origin = origin
        self._self_name = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.__wrapped__, name)
        return _noted(self._self_origin, name, value, f"{self._self_name}.")


def _called(
    origin: Origin, call: Callable[..., Any], args: Any = (), keywords: Any = _NO_KEYWORDS
) -> Any:
    """The application's own call, once."""
    if not origin.asynchronous:
        return call(*args, **keywords)
    with Apart():
        return call(*args, **keywords)


def _set_by(origin: Origin, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **keywords: Any) -> Any:
        if len(args) == 1:
            origin.setting(name, args[0])
        return _called(origin, method, args, keywords)

    return call


def _noted(origin: Origin, name: str, value: Any, prefix: str = "") -> Any:
    """`value`, an attribute or a method, with a note of it or of what its calls give."""
    if name in PARTS:
        return _RecordingPart(value, origin, name.lstrip("_").removeprefix("driver_"))
    if name[:1] == "_" or name in UNSEEN:
        return value
    if callable(value):
        if name in SETTING or inspect.iscoroutinefunction(value) or isinstance(value, type):
            return value  # asynchronous, or no question at all
        operation = f"{prefix}{name}"
        return lambda *args, **keywords: _ask(
            origin, operation, lambda: value(*args, **keywords), args, keywords
        )
    if isinstance(value, _TOLD):
        with guarded("dbapi attribute"):
            call = origin.begin(f".{prefix}{name}")
            if call is not None:
                call.returned(value)
    return value


def _ask(
    origin: Origin,
    operation: str,
    call: Callable[[], Any],
    args: tuple[Any, ...] = (),
    keywords: dict[str, Any] | None = None,
) -> Any:
    """Call it; what it gives is noted if it is plain, and what it raises."""
    noted: Call | None = None
    with _IN_CONNECTION:
        parameters = [*args, keywords] if keywords else list(args)
        noted = origin.begin(operation, "", parameters or None)
    try:
        value = _called(origin, call)
    except BaseException as error:
        with _IN_CONNECTION:
            if noted is not None:
                noted.failed(error, operation)
        raise
    with _IN_CONNECTION:
        if noted is not None and isinstance(value, _TOLD):
            noted.returned(snapshot(value))
        elif noted is not None:
            noted.abandon()
    return value


def _through_cursor(
    connection: RecordingConnection,
    name: str,
    method: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    cursor = RecordingCursor(None, connection._self_origin, connection)

    def call(*args: Any, **keywords: Any) -> Any:
        cursor.__wrapped__ = method(*args, **keywords)
        return cursor.__wrapped__

    return cursor._self_run(name, call, args, keywords)
