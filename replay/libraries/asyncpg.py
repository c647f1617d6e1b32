"""asyncpg: its connections speak to a protocol that answers from the recording."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.capture.asyncpg import LIBRARY as CAPTURED
from timetracer_otel.capture.asyncpg import connecting_to
from timetracer_otel.capture.asyncpg_protocol import Asking, current_scope
from timetracer_otel.errors import CannotReplay
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.sql import SqlInteraction, SqlRequestRef, SqlResponse
from timetracer_otel.recording.draft import Scope
from timetracer_otel.replay.database_servers import recorded_server
from timetracer_otel.replay.libraries.asyncpg_wire import SilentTransport, records_from_wire
from timetracer_otel.replay.recorded_failures import fail_again_later
from timetracer_otel.replay.sessions import answer, serving, take_if_recorded
from timetracer_otel.values import decode
from timetracer_otel.values.postgresql import asyncpg_record

__all__ = ["LIBRARY"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy


class RecordedProtocol(_Proxy):
    """A real protocol, greeted as the recorded server did, whose calls the recording answers."""

    def __init__(self, protocol: Any, transport: SilentTransport, calling: Asking) -> None:
        super().__init__(protocol)
        self._self_calling = calling
        self._self_transport = transport
        self._self_connection: Any = None
        self._self_portals: dict[str, Any] = {}
        self._self_in_transaction = False
        self._self_queries = 0
        self._self_kinds: dict[str, Any] = {}

    @property
    def queries_count(self) -> int:
        return self._self_queries

    def set_connection(self, connection: Any) -> None:
        self._self_connection = connection
        self.__wrapped__.set_connection(connection)

    def is_in_transaction(self) -> bool:
        return self._self_in_transaction

    async def prepare(self, stmt_name: Any, query: Any, timeout: Any, **options: Any) -> Any:
        await asyncio.sleep(0)
        await _fail_if_refused(self._self_calling("prepare", query))
        self._self_kinds[stmt_name] = options.get("record_class")
        described = _if_recorded(self._self_calling("describe", query), "bootstrap")
        told = described.response.extra if described is not None and described.response else {}
        with self._self_transport.describing(told):
            return await self.__wrapped__.prepare(stmt_name, query, timeout, **options)

    async def bind_execute(
        self, state: Any, args: Any, portal_name: Any, limit: Any, return_extra: Any, timeout: Any
    ) -> Any:
        if portal_name:
            self._self_portals[portal_name] = args
        response = await self._self_ask(self._self_calling("execute", state.query, args, limit))
        return await self._self_rows(state, response, return_extra)

    async def execute(
        self, state: Any, portal_name: Any, limit: Any, return_extra: Any, timeout: Any
    ) -> Any:
        args = self._self_portals.get(portal_name, ())
        response = await self._self_ask(self._self_calling("fetch", state.query, args, limit))
        return await self._self_rows(state, response, return_extra)

    async def bind_execute_many(
        self, state: Any, args: Any, portal_name: Any, timeout: Any, return_rows: Any
    ) -> Any:
        response = await self._self_ask(self._self_calling("executemany", state.query, list(args)))
        return await self._self_rows(state, response, return_extra=False) if return_rows else None

    async def bind(self, state: Any, args: Any, portal_name: Any, timeout: Any) -> Any:
        self._self_portals[portal_name] = args
        return _told(await self._self_ask(self._self_calling("bind", state.query, args)))

    async def query(self, query: Any, timeout: Any) -> Any:
        return _told(await self._self_ask(self._self_calling("query", query)))

    async def copy_out(self, copy_stmt: Any, sink: Any, timeout: Any) -> Any:
        response = await self._self_ask(self._self_calling("copy_out", copy_stmt))
        chunks: Any = decode(response.extra.get("data", []))
        for chunk in chunks:
            await sink(chunk)
        return _told(response)

    async def copy_in(
        self,
        copy_stmt: Any,
        reader: Any,
        data: Any,
        records: Any,
        record_stmt: Any,
        timeout: Any,
    ) -> Any:
        sent = [bytes(data)] if data is not None else await _read(reader or records or ())
        return _told(await self._self_ask(self._self_calling("copy_in", copy_stmt, sent)))

    async def close_statement(self, state: Any, timeout: Any) -> None:
        await asyncio.sleep(0)

    async def close_portal(self, portal_name: Any, timeout: Any) -> None:
        await asyncio.sleep(0)

    async def _self_rows(self, state: Any, response: SqlResponse, return_extra: bool) -> Any:
        import asyncpg

        columns: list[Any] = [decode(column) for column in response.columns or ()]
        names = [column[0] for column in columns]
        rows = [tuple(map(decode, row)) for row in response.rows]
        kind = self._self_kinds.get(state.name)
        if kind is None or kind is asyncpg.Record or not rows:
            records = [asyncpg_record(names, row) for row in rows]
        else:
            with self._self_transport.giving(names, rows):
                records = await records_from_wire(self.__wrapped__, kind, names, rows)
        if not return_extra:
            return records
        return records, decode(response.extra.get("status")), decode(response.extra.get("done"))

    async def _self_ask(self, ref: SqlRequestRef) -> SqlResponse:
        await asyncio.sleep(0)  # the network would have let other tasks run
        self._self_queries += 1
        recorded = answer("sql", "asyncpg", ref, current_scope())
        assert isinstance(recorded, SqlInteraction)  # noqa: S101 - the protocol asked for
        if recorded.error is not None:
            await fail_again_later(recorded.title, recorded.error)
        response = recorded.response or SqlResponse()
        self._self_in_transaction = bool(response.extra.get("in_transaction"))
        for pid, channel, payload in response.extra.get("notifications", ()):
            process = self._self_connection._process_notification
            asyncio.get_running_loop().call_soon(process, pid, channel, payload)
        if response.truncated:
            raise CannotReplay(
                subject=recorded.title,
                reason="its rows were not kept when it was recorded",
                hint="raise `max_rows` or `max_trace_kb` and record it again",
            )
        return response


def _if_recorded(ref: SqlRequestRef, scope: Scope = "trace") -> SqlInteraction | None:
    found = take_if_recorded("sql", ref, scope)
    return found if isinstance(found, SqlInteraction) else None


async def _fail_if_refused(ref: SqlRequestRef) -> None:
    """Raise the recorded error of a call of which nothing is noted where it succeeds."""
    refused = _if_recorded(ref)
    if refused is not None and refused.error is not None:
        await fail_again_later(refused.title, refused.error)


def _told(response: SqlResponse) -> Any:
    return decode(response.extra.get("returned"))


async def _read(source: Any) -> list[Any]:
    if hasattr(source, "__aiter__"):
        return [item async for item in source]
    return list(source)


def _connecting(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    signature = inspect.signature(original)

    @wraps(original)
    async def connect(*args: Any, **keywords: Any) -> Any:
        if owned() or not serving("asyncpg"):
            return await original(*args, **keywords)
        named = signature.bind(*args, **keywords).arguments
        wanted = connecting_to(named)
        wanted.server = recorded_server(wanted.system, wanted.server)
        await _fail_if_refused(wanted)
        return await _opened(named, Asking(wanted.server))

    return connect


async def _opened(named: dict[str, Any], calling: Asking) -> Any:
    """A connection as asyncpg makes it, over a wire that leads nowhere."""
    from asyncpg.protocol.protocol import Protocol

    params, addr, loop = named["params"], named["addr"], named["loop"]
    connected = loop.create_future()
    real = Protocol(addr, connected, params, named["record_class"], loop)
    greeting = answer("sql", "asyncpg", calling("connect"), "bootstrap").response
    transport = SilentTransport(real, loop)
    transport.greet(greeting.extra["settings"])  # type: ignore[union-attr]
    await connected
    served = RecordedProtocol(real, transport, calling)
    given = named.get("params_input", params)
    made = named["connection_class"](served, transport, loop, addr, named["config"], given)
    served.set_connection(made)
    return made


LIBRARY = CAPTURED.in_replay(
    changes=(Patch("asyncpg.connect_utils:__connect_addr", _connecting),),
)
