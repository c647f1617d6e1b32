"""The protocol that asyncpg's connections speak through, and a note of each of its calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.dbapi_calls import Apart, Call
from timetracer_otel.protocols.sql import SqlRequestRef
from timetracer_otel.recording import begin, guarded
from timetracer_otel.recording.current import IN_FORCE
from timetracer_otel.recording.draft import Scope
from timetracer_otel.values import snapshot

__all__ = ["Asking", "RecordingProtocol", "current_scope", "server_of", "setting_up"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy

_IN_CALL, _IN_ANSWER = guarded("asyncpg call"), guarded("asyncpg answer")

_SETTING_UP: ContextVar[bool] = ContextVar("timetracer_asyncpg_setting_up", default=False)


def current_scope() -> Scope:
    """Whether a call made now is a request's, or its connection's own."""
    return "bootstrap" if _SETTING_UP.get() else "trace"


def setting_up(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """What `original` asks depends on the age of the connection, not on the request."""

    @wraps(original)
    async def call(*args: Any, **keywords: Any) -> Any:
        token = _SETTING_UP.set(True)
        try:
            with Apart():
                return await original(*args, **keywords)
        finally:
            _SETTING_UP.reset(token)

    return call


class Asking:
    """The calls at one server's database, as the protocol takes them."""

    __slots__ = ("server",)

    def __init__(self, server: str) -> None:
        self.server = server

    def __call__(
        self, operation: str, query: str = "", arguments: object = None, limit: int = 0
    ) -> SqlRequestRef:
        """One call; with a limit it is another one, since it has another answer."""
        named = f"{operation} (limit {limit})" if limit else operation
        parameters = snapshot(arguments)
        return SqlRequestRef(named, "postgresql", "asyncpg", query, parameters, self.server)


def server_of(addr: Any, params: Any) -> str:
    """``host:port/database``, or the socket's path for the address."""
    where = addr if isinstance(addr, str) else f"{addr[0]}:{addr[1]}"
    return f"{where}/{params.database}"


class _Noted(Call):
    """One call while it runs; a protocol gives all of its answer at once."""

    __slots__ = ()

    def rows(self, records: list[Any] | None) -> None:
        if records:
            self.answer.description = [(name,) for name in list(records[0].keys())]
            self.keep(records)

    def done(self, protocol: Any, **extra: object) -> None:
        self.answer.extra.update(extra)
        if protocol.is_in_transaction():
            self.answer.extra["in_transaction"] = True
        self.finish()


class _Noting:
    """One call from its beginning to its end; a note of it, or None where nothing records."""

    __slots__ = ("_apart", "_noted", "_protocol")

    def __init__(self, protocol: RecordingProtocol, *asked: Any) -> None:
        self._protocol = protocol
        self._apart = Apart()
        self._noted: _Noted | None = None
        recorder = IN_FORCE.recorder
        if recorder is None:
            return
        try:
            ref = protocol._self_calling(*asked)
            draft = begin("sql", "asyncpg", ref, scope=current_scope())
            if draft is not None:
                self._noted = _Noted(draft, recorder.settings.max_rows)
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _IN_CALL:
                raise

    def __enter__(self) -> _Noted | None:
        self._apart.__enter__()
        return self._noted

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        self._apart.__exit__()
        if error is None:
            self._protocol._self_last = self._noted
        elif self._noted is not None:
            with guarded("asyncpg error"):
                self._noted.failed(error, "execute")


class RecordingProtocol(_Proxy):
    """A connection's protocol, and a note of every call that goes over the wire."""

    def __init__(self, protocol: Any, calling: Asking) -> None:
        super().__init__(protocol)
        self._self_calling = calling
        self._self_portals: dict[str, tuple[str, Any]] = {}
        self._self_last: _Noted | None = None

    async def prepare(self, stmt_name: Any, query: Any, timeout: Any, **options: Any) -> Any:
        """Whether a statement is prepared depends on the pool: only an error is the request's."""
        try:
            return await self.__wrapped__.prepare(stmt_name, query, timeout, **options)
        except Exception as error:
            with guarded("asyncpg prepare"):
                ref = self._self_calling("prepare", query)
                draft = begin("sql", "asyncpg", ref, scope=current_scope())
                if draft is not None:
                    draft.failed(error, "prepare")
            raise

    async def bind_execute(
        self, state: Any, args: Any, portal_name: Any, limit: Any, return_extra: Any, timeout: Any
    ) -> Any:
        if portal_name:
            with guarded("asyncpg portal"):
                self._self_portals[portal_name] = (state.query, args)
        with _Noting(self, "execute", state.query, args, limit) as noted:
            result = await self.__wrapped__.bind_execute(
                state, args, portal_name, limit, return_extra, timeout
            )
        self._self_executed(noted, result, return_extra)
        return result

    async def execute(
        self, state: Any, portal_name: Any, limit: Any, return_extra: Any, timeout: Any
    ) -> Any:
        _, args = self._self_portals.get(portal_name, ("", ()))
        with _Noting(self, "fetch", state.query, args, limit) as noted:
            result = await self.__wrapped__.execute(
                state, portal_name, limit, return_extra, timeout
            )
        self._self_executed(noted, result, return_extra)
        return result

    def _self_executed(self, noted: _Noted | None, result: Any, return_extra: bool) -> None:
        if noted is None:
            return
        try:
            records, status, done = result if return_extra else (result, None, None)
            noted.rows(records)
            noted.done(self.__wrapped__, status=status, done=done)
        except Exception:
            with _IN_ANSWER:
                raise

    async def bind_execute_many(
        self, state: Any, args: Any, portal_name: Any, timeout: Any, return_rows: Any
    ) -> Any:
        passed: list[Any] = []
        with _Noting(self, "executemany", state.query) as noted:
            if noted is not None:
                args = _passing_records(args, passed)
            result = await self.__wrapped__.bind_execute_many(
                state, args, portal_name, timeout, return_rows
            )
        if noted is not None:
            with _IN_ANSWER:
                noted.sent(passed)
                noted.rows(result)
                noted.done(self.__wrapped__)
        return result

    async def bind(self, state: Any, args: Any, portal_name: Any, timeout: Any) -> Any:
        self._self_portals[portal_name] = (state.query, args)
        with _Noting(self, "bind", state.query, args) as noted:
            result = await self.__wrapped__.bind(state, args, portal_name, timeout)
        self._self_told(noted, result)
        return result

    async def query(self, query: Any, timeout: Any) -> Any:
        with _Noting(self, "query", query) as noted:
            result = await self.__wrapped__.query(query, timeout)
        self._self_told(noted, result)
        return result

    async def copy_out(self, copy_stmt: Any, sink: Any, timeout: Any) -> Any:
        passed: list[bytes] = []

        async def tee(data: Any) -> Any:
            passed.append(bytes(data))
            return await sink(data)

        with _Noting(self, "copy_out", copy_stmt) as noted:
            result = await self.__wrapped__.copy_out(copy_stmt, tee, timeout)
        self._self_told(noted, result, data=passed)
        return result

    async def copy_in(
        self,
        copy_stmt: Any,
        reader: Any,
        data: Any,
        records: Any,
        record_stmt: Any,
        timeout: Any,
    ) -> Any:
        passed: list[Any] = []
        if reader is not None:
            reader = _passing(reader, passed)
        if data is not None:
            passed.append(bytes(data))
        if records is not None:
            records = _passing_records(records, passed)
        with _Noting(self, "copy_in", copy_stmt) as noted:
            result = await self.__wrapped__.copy_in(
                copy_stmt, reader, data, records, record_stmt, timeout
            )
        if noted is not None:
            with guarded("asyncpg copy"):
                noted.sent(passed)
        self._self_told(noted, result)
        return result

    def _self_told(self, noted: _Noted | None, result: Any, **extra: object) -> None:
        if noted is not None:
            with _IN_ANSWER:
                noted.done(self.__wrapped__, returned=result, **extra)

    def _self_notified(self, pid: Any, channel: Any, payload: Any) -> None:
        """A notification is kept with the call before it: that is when a replay gives it."""
        last = self._self_last
        if last is not None:
            found = last.answer.extra.setdefault("notifications", [])
            found.append([pid, channel, payload])  # type: ignore[attr-defined]


async def _passing(source: Any, passed: list[Any]) -> AsyncIterator[bytes]:
    async for chunk in source:
        passed.append(bytes(chunk))
        yield chunk


def _passing_records(source: Any, passed: list[Any]) -> Any:
    """`source`, record by record as it is read; asynchronous where it is."""
    if hasattr(source, "__aiter__"):
        return _passing_later(source, passed)
    return _passing_now(source, passed)


def _passing_now(source: Any, passed: list[Any]) -> Iterator[Any]:
    for record in source:
        passed.append(snapshot(record))
        yield record


async def _passing_later(source: Any, passed: list[Any]) -> AsyncIterator[Any]:
    async for record in source:
        passed.append(snapshot(record))
        yield record
