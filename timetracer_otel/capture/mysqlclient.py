"""mysqlclient (`MySQLdb`) used directly: seen where its connections ask C, and at C's results.

Its connections are a class in Python over one in C, and get what they ask from both: so each of
these methods is noted at the class in Python, inherited or not. Cursors are Python's alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.dbapi_calls import Call
from timetracer_otel.dbapi_classes import noted_question
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.mysql_calls import executing
from timetracer_otel.mysqlclient_calls import (
    ASKED,
    State,
    facts_of,
    mysqlclient_origin,
    options_given,
    state_of,
)
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.protocols.database_errors import register_database_errors
from timetracer_otel.recording import active_recorder, guarded

__all__ = ["LIBRARY"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy


class _Result(_Proxy):
    """A result of C's, and a note of the rows that are fetched of it."""

    def __init__(self, result: Any, connection: Any, call: Call) -> None:
        super().__init__(result)
        self._self_connection = connection
        self._self_call: Call | None = call

    def fetch_row(self, maxrows: int = 1, how: int = 0) -> Any:
        call = self._self_call
        try:
            rows = self.__wrapped__.fetch_row(maxrows, how)
        except BaseException as error:
            self._self_broke_off(error)
            raise
        with guarded("mysqlclient rows"):
            if call is not None:
                self._self_fetched(call, rows, ended=maxrows == 0 or len(rows) < maxrows)
        return rows

    def _self_fetched(self, call: Call, rows: Any, *, ended: bool) -> None:
        if rows and type(rows[0]) is not tuple:
            call.answer.extra.setdefault("names", list(rows[0]))
            rows = [tuple(row.values()) for row in rows]
        call.keep(rows)
        if ended:
            self._self_end()

    def _self_end(self) -> None:
        call, self._self_call = self._self_call, None
        if call is not None:
            note_state(self._self_connection, call)
            call.finish()

    def _self_broke_off(self, error: BaseException) -> None:
        with guarded("mysqlclient rows"):
            call, self._self_call = self._self_call, None
            if call is not None:
                call.broke_off(error)

    def discard(self) -> Any:
        """Reads what is left; an error of an earlier call may come again."""
        try:
            returned = self.__wrapped__.discard()
        except BaseException as error:
            self._self_broke_off(error)
            raise
        with guarded("mysqlclient rows"):
            self._self_end()
        return returned


def note_state(connection: Any, call: Call) -> None:
    """What C knows of the connection after an answer, as far as it is not what it was."""
    state, extra = state_of(connection), call.answer.extra
    if connection.warning_count():
        extra["warnings"] = connection.warning_count()
    if connection.more_results():
        extra["more"] = True
    if connection.info() is not None:
        extra["info"] = connection.info()
    autocommit = bool(connection.get_autocommit())
    if state is not None and autocommit != state.autocommit:
        extra["autocommit"] = state.autocommit = autocommit


def _connecting(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        state: State | None = None
        with guarded("mysqlclient connect"):
            vars(self).pop("_timetracer_state", None)
            if active_recorder() is not None and not owned():
                state = self._timetracer_state = State(mysqlclient_origin(args, keywords))
                state.origin.scope = "bootstrap"
        try:
            original(self, *args, **keywords)
        except BaseException as error:
            with guarded("mysqlclient connect"):
                if state is not None:
                    state.refused(error)
            raise
        with guarded("mysqlclient connect"):
            if state is not None:
                _note_connection(self, state, options_given(keywords))

    return __init__


def _note_connection(connection: Any, state: State, options: dict[str, Any]) -> None:
    state.end()
    call = state.apart().begin("connect", "", options)
    if call is not None:
        call.answer.extra["facts"] = facts_of(connection)
        call.finish()
    state.autocommit = bool(connection.get_autocommit())
    state.origin.scope = "trace"


def _querying(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def query(self: Any, query: Any) -> Any:
        state = state_of(self)
        if state is None:
            return original(self, query)
        with guarded("mysqlclient query"):
            state.asked(self, query)
        return _answering(self, state, lambda: original(self, query))

    return query


def _answering(connection: Any, state: State, call: Callable[[], Any]) -> Any:
    try:
        returned = call()
    except BaseException as error:
        with guarded("mysqlclient error"):
            state.failed(error)
        raise
    with guarded("mysqlclient answer"):
        if state.pending is not None:
            state.pending.executed(state.shown(connection, None), None)
            if not connection.field_count():
                note_state(connection, state.pending)
                state.end()
    return returned


def _going_on(original: Callable[..., Any]) -> Callable[..., Any]:
    """The next result, if there is one."""

    @wraps(original)
    def next_result(self: Any) -> Any:
        state = state_of(self)
        if state is None or not self.open:
            return original(self)
        with guarded("mysqlclient next result"):
            if self.more_results():
                state.goes_on()
        try:
            return _answering(self, state, lambda: original(self))
        except BaseException as error:
            with guarded("mysqlclient next result"):
                state.failed_beside("next_result", error)
            raise

    return next_result


def _giving_result(*, whole: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def give(self: Any) -> Any:
            state = state_of(self)
            try:
                result = original(self)
            except BaseException as error:
                with guarded("mysqlclient result"):
                    if state is not None and state.pending is not None:
                        call, state.pending = state.pending, None
                        call.answer.extra["stage"] = "result"
                        call.broke_off(error)
                raise
            given = result
            with guarded("mysqlclient result"):
                if state is not None and result is not None and state.pending is not None:
                    given = _noted_result(self, state, result, whole=whole)
            return given

        return give

    return wrap


def _noted_result(connection: Any, state: State, result: Any, *, whole: bool) -> Any:
    call, state.pending = state.pending, None
    if call is None:
        return result
    call.answer.extra["flags"] = list(result.field_flags())
    call.executed(state.shown(connection, result.describe()), None)
    if whole:
        note_state(connection, call)
    return _Result(result, connection, call)


def _discarding(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def discard_result(self: Any) -> Any:
        returned = original(self)
        with guarded("mysqlclient discard"):
            state = state_of(self)
            if state is not None:
                if state.pending is not None:
                    note_state(self, state.pending)
                state.end()
        return returned

    return discard_result


def _asking(operation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def ask(self: Any, *args: Any) -> Any:
            state = state_of(self)
            origin = state.origin if state is not None else None
            asked = (operation, "", list(args) or None)
            return noted_question(origin, asked, lambda: original(self, *args))

        return ask

    return wrap


def _failing(operation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Its success says nothing; a failure is noted."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def call(self: Any, *args: Any) -> Any:
            try:
                return original(self, *args)
            except BaseException as error:
                with guarded("mysqlclient call"):
                    state = state_of(self)
                    if state is not None and self.open:
                        state.failed_beside(operation, error)
                raise

        return call

    return wrap


def _inherited(
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`wrap` of what stands below the class in Python: C's own, or in a replay another class."""

    def wrap_below(original: Callable[..., Any]) -> Callable[..., Any]:
        from MySQLdb.connections import Connection

        name = original.__name__

        @wraps(original)
        def below(self: Any, *args: Any) -> Any:
            return getattr(super(Connection, self), name)(*args)

        return wrap(below)

    return wrap_below


register_database_errors()

_CONNECTION = "MySQLdb.connections:Connection"

LIBRARY = Library(
    name="mysqlclient",
    protocol="sql",
    module="MySQLdb",
    distribution="mysqlclient",
    versions=">=2.2",
    changes=(
        WhenImported(
            "MySQLdb.connections",
            (
                Patch(f"{_CONNECTION}.__init__", _connecting),
                Patch(f"{_CONNECTION}.query", _querying),
                Patch(f"{_CONNECTION}.next_result", _inherited(_going_on)),
                Patch(f"{_CONNECTION}.store_result", _inherited(_giving_result(whole=True))),
                Patch(f"{_CONNECTION}.use_result", _inherited(_giving_result(whole=False))),
                Patch(f"{_CONNECTION}.discard_result", _inherited(_discarding)),
                Patch(f"{_CONNECTION}.autocommit", _failing("autocommit")),
                Patch(f"{_CONNECTION}.ping", _inherited(_failing("ping"))),
                Patch(f"{_CONNECTION}.rollback", _inherited(_failing("rollback"))),
                *(Patch(f"{_CONNECTION}.{name}", _inherited(_asking(name))) for name in ASKED),
            ),
        ),
        WhenImported("MySQLdb.cursors", (Patch("MySQLdb.cursors:BaseCursor.execute", executing),)),
    ),
    instrumentor=Instrumentor(
        entry_point="mysqlclient",
        class_name="MySQLClientInstrumentor",
        distribution="opentelemetry-instrumentation-mysqlclient",
    ),
)
