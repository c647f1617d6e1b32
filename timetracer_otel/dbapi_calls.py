"""One call at a DB-API driver while it is noted: where it comes from, and what it has given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from timetracer_otel.interaction.failures import Failure
from timetracer_otel.protocols.sql import SqlRequestRef, SqlResponseRef
from timetracer_otel.recording import Draft, begin, guarded
from timetracer_otel.recording.current import IN_FORCE, current_place
from timetracer_otel.recording.draft import Scope
from timetracer_otel.recording.flow import CURRENT_FLOW, SEPARATOR, Flow
from timetracer_otel.values import FIXED, snapshot, snapshot_rows

__all__ = [
    "Apart",
    "Call",
    "Origin",
    "asked_with",
    "connection_scoped",
    "place_of_connecting",
    "statement_text",
]

_WITH_SPANS = frozenset(("execute", "executemany", "callproc"))

_TOLD = (int, str, bytes, tuple, list)
_SETTINGS = (int, str, type(None))

_IN_FETCH, _IN_END = guarded("dbapi fetch"), guarded("dbapi end")

_CELL_BYTES = 64
"""What one cell of a row is taken to hold when memory is counted: exact sizes cost too much."""

_WHILE_LOADING = "cast"
"""What psycopg2 is asked by casters of the application's: a replay has loaded values already."""

_AHEAD = 50
"""Rows that memory is asked for at once when they are fetched one by one."""

_NAMES = ("parameters", "params", "vars", "args", "seq_of_parameters", "params_seq", "vars_list")


_CONNECTION_SCOPED: ContextVar[bool] = ContextVar("timetracer_connection_scoped", default=False)


@contextmanager
def connection_scoped() -> Iterator[None]:
    """What a framework asks within sets its connections up, or looks whether they still live.

    When it does so depends on what it has left open: no part of a request's sequence.
    """
    token = _CONNECTION_SCOPED.set(True)
    try:
        yield
    finally:
        _CONNECTION_SCOPED.reset(token)


class Origin:
    """Where a connection's calls come from: library, system, driver and server, and its phase.

    `scope` is ``bootstrap`` while the connection is being set up. `spanned` says that the driver's
    instrumentor makes a span of each statement, which is current while it runs.
    """

    __slots__ = (
        "_scope",
        "_settings",
        "asynchronous",
        "driver",
        "library",
        "server",
        "spanned",
        "system",
    )

    def __init__(self, *, library: str, system: str, driver: str, server: str = "") -> None:
        self.library = library
        self.system = system
        self.driver = driver
        self.server = server
        self._scope: Scope = "trace"
        self.asynchronous = False
        self.spanned = False
        self._settings: dict[str, str] = {}

    @property
    def scope(self) -> Scope:
        """Whether calls are a request's own, or its connection's."""
        return "bootstrap" if _CONNECTION_SCOPED.get() else self._scope

    @scope.setter
    def scope(self, scope: Scope) -> None:
        self._scope = scope

    def setting(self, name: str, value: object) -> None:
        """Something of the connection is set: answers of its set-up may depend on it."""
        if self.scope == "bootstrap" and isinstance(value, _SETTINGS):
            self._set(name, f"{name} = {value!r}")

    def _set(self, key: str, text: str) -> None:
        """Only what holds now: a pool that pings turns autocommit on and off each time."""
        self._settings.pop(key, None)
        self._settings[key] = text

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """Calls within the block are connection-scoped traffic."""
        before, self._scope = self._scope, "bootstrap"
        try:
            yield
        finally:
            self._scope = before

    def ref(self, operation: str, statement: object, parameters: object) -> SqlRequestRef:
        """A call as the protocol takes it; `parameters` are kept as they are now."""
        text = statement if type(statement) is str else statement_text(statement)
        kept = None if parameters is None else snapshot(parameters)
        ref = SqlRequestRef(operation, self.system, self.driver, text, kept, self.server)
        if self._scope == "bootstrap" or _CONNECTION_SCOPED.get():
            ref.after = tuple(self._settings.values())
            if text.startswith("SET "):
                self._set(text, text)
        return ref

    def begin(
        self, operation: str, statement: object = "", parameters: object = None
    ) -> Call | None:
        """A call at the driver begins; None when nothing records here."""
        recorder = IN_FORCE.recorder
        if recorder is None:
            return None
        ref = self.ref(operation, statement, parameters)
        own_span = self.spanned and operation in _WITH_SPANS
        scope = self._scope
        # one that is refused is the request's, wherever it is opened
        if operation != "connect" and _CONNECTION_SCOPED.get():
            scope = "bootstrap"
        draft = begin("sql", self.library, ref, scope=scope, own_span=own_span)
        return None if draft is None else Call(draft, recorder.settings.max_rows)


class Apart:
    """Within the block, tasks and threads that are started are not numbered as the application's.

    An asynchronous driver starts some; a replay has no driver, and starts none of them.
    """

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        recorder = IN_FORCE.recorder
        flow = recorder.current_flow() if recorder is not None else None
        self._token = None
        if flow is not None:
            self._token = CURRENT_FLOW.set(Flow(flow.path, flow.span_id))

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            CURRENT_FLOW.reset(self._token)


def statement_text(statement: object) -> str:
    """A statement of any of the kinds that drivers take, as text."""
    return statement.decode("utf-8", "replace") if isinstance(statement, bytes) else str(statement)


def asked_with(args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[object, object]:
    """Statement and parameters, whatever the driver calls them; iterators are not consumed."""
    statement = args[0] if args else next(iter(keywords.values()), "")
    parameters = args[1] if len(args) > 1 else None
    if parameters is None and keywords:
        parameters = next((keywords[name] for name in _NAMES if name in keywords), None)
    return statement, parameters


def place_of_connecting() -> dict[str, object]:
    """Where in its request the running code is, and how many SQL calls it has made there.

    A connection that could not be opened is found again by it: opening one that can be leaves no
    trace in the sequence of a request.
    """
    place = current_place()
    if place is None:
        return {}
    record, path = place
    sql = (d for d in record.drafts if d.protocol == "sql" and d.scope == "trace")
    mine = (d for d in sql if d.request.operation != _WHILE_LOADING)  # type: ignore[attr-defined]
    return {"path": path, "calls before": sum(_is_at(path, draft.path) for draft in mine)}


def _is_at(place: str, path: str) -> bool:
    """Whether `path` is `place`, or in spans below it: tasks and threads go their own way."""
    if not path.startswith(place):
        return False
    below = path[len(place) :]
    apart = place and below and not below.startswith(SEPARATOR)
    return not apart and "task#" not in below and "thread#" not in below


class Call:
    """One call and what has been fetched of its answer so far.

    Held by its cursor and, in ``connection.execute(…).fetchone()``, by that alone: where both let
    go of it nothing more is fetched. `over` unless rows may follow.
    """

    __slots__ = ("_ahead", "_draft", "_held", "_kept", "_limit", "answer", "over")

    def __init__(self, draft: Draft, max_rows: int) -> None:
        self._draft = draft
        self.answer = SqlResponseRef()
        self._limit = max_rows
        self._kept = 0
        self._ahead = 0
        self.over = True
        # A request's own call is joined with what is fetched until its trace is complete. What
        # belongs to no request is written at any moment, so it stays open until it is read; and
        # so does a call whose own span is all there is of its trace.
        trace = draft.trace
        alone = draft.span_id != 0 and draft.span_id == trace.root_span_id
        self._held = draft.scope == "bootstrap" or trace.continues is not None or alone

    def executed(self, cursor: Any, returned: object) -> None:
        """The driver has executed it; rows may follow."""
        self.over = False
        answer = self.answer
        answer.description = cursor.description
        answer.rowcount = cursor.rowcount
        answer.lastrowid = getattr(cursor, "lastrowid", None)
        if isinstance(returned, _TOLD):  # a driver's own cursor, or None, says nothing more
            answer.extra["returned"] = snapshot(returned)
        if not self._held or answer.description is None:
            self._draft.answered(answer)

    def noticed(self, notices: list[str]) -> None:
        """What the server said besides, up to now."""
        if notices:
            self.answer.extra["notices"] = list(notices)

    def fetching(self, cursor: Any) -> Callable[[], Any]:
        """The cursor's `fetchone` with a note of each row.

        Rows are fetched one by one by the thousand: most are tuples in which nothing can change,
        and memory has been asked for beforehand.
        """
        fetch = cursor.fetchone
        keep = self.answer.rows.append

        def fetchone() -> Any:
            try:
                row = fetch()
            except BaseException as error:
                if not self.over:
                    with _IN_FETCH:
                        self.broke_off(error)
                raise
            if self.over:
                return row
            if self._ahead and type(row) is tuple:
                for cell in row:  # half of what a set of the kinds would take
                    if type(cell) not in FIXED:
                        break
                else:
                    self._ahead -= 1
                    keep(row)
                    return row
            with _IN_FETCH:
                self.fetched_one(cursor, row)
            return row

        return fetchone

    def keeps_at_once(self, row: tuple[Any, ...]) -> bool:
        """Whether `row` is kept: memory was asked for, and nothing in it can change."""
        if not self._ahead or self.over:
            return False
        for cell in row:  # half of what a set of the kinds would take
            if type(cell) not in FIXED:
                return False
        self._ahead -= 1
        self.answer.rows.append(row)
        return True

    def fetched_one(self, cursor: Any, row: Any) -> None:
        """The application has fetched `row`, or None where there are no more."""
        if row is None:
            self._read_to_the_end(cursor)
            return
        self.fetched(cursor, (row,))
        ahead = min(_AHEAD, self._limit - self._kept)
        wanted = self._kept > 1 and ahead > 0 and not self.answer.truncated and not self._ahead
        if wanted and self._draft.trace.grant(ahead * len(row) * _CELL_BYTES):
            self._ahead = ahead
            self._kept += ahead

    def fetched(self, cursor: Any, rows: Sequence[Any]) -> None:
        """The application has fetched `rows`."""
        answer = self.answer
        if answer.description is None:  # a server-side cursor learns its columns late
            answer.description = cursor.description
        if cursor.rowcount != answer.rowcount:  # SQLite counts what it has returned
            answer.extra["rowcount when read"] = cursor.rowcount
        self.keep(rows)

    def keep(self, rows: Sequence[Any]) -> None:
        """`rows` came; beyond what limits allow they are not kept, and that is noted."""
        answer = self.answer
        count = len(rows)
        if not count or answer.truncated:
            return
        if self.may_keep(count, count * len(rows[0]) * _CELL_BYTES):
            answer.rows.extend(snapshot_rows(rows))

    def may_keep(self, count: int, size: int) -> bool:
        """Whether so many more rows may be kept; the answer is marked where they may not."""
        if self._kept + count > self._limit or not self._draft.trace.grant(size):
            self.answer.truncated = True
            self._draft.trace.note_cut(
                "rows", "more rows than `max_rows` or the memory limits allow"
            )
            return False
        self._kept += count
        return True

    def sent(self, parameters: object) -> None:
        """What the driver read from an iterator while it ran."""
        self._draft.request.parameters = snapshot(parameters)  # type: ignore[attr-defined]

    def failed(self, error: BaseException, stage: str) -> None:
        """The call itself raised `error`."""
        self.over = True
        self._draft.failed(error, stage)

    def broke_off(self, error: BaseException) -> None:
        """Fetching raised `error`; what came before it counts."""
        self.answer.error = Failure.of(error)
        self.finish()

    def _read_to_the_end(self, cursor: Any) -> None:
        if cursor.rowcount != self.answer.rowcount:  # SQLite counts what it has returned
            self.answer.extra["rowcount when read"] = cursor.rowcount
        self.finish()

    def finish(self) -> None:
        """Nothing more is fetched."""
        self.over = True
        self._draft.answered(self.answer)

    def __del__(self) -> None:
        if not self.over:
            with _IN_END:
                self.finish()

    def returned(self, value: object) -> None:
        """The call is over, and gave `value` alone."""
        self.answer.extra["returned"] = value
        self._draft.answered(self.answer)

    def abandon(self) -> None:
        """It gave what cannot be noted."""
        self._draft.abandon()
