"""One way to write a case for every client: sync and async, RESP 2 and 3, decoding or not, cluster.

A case is a coroutine function. Over a synchronous client nothing in it ever waits, so that it is
run by a single `send`.
"""

from __future__ import annotations

import inspect
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import redis
import redis.asyncio

__all__ = ["CASES", "KINDS", "KINDS_OF_HIREDIS", "Caller", "case", "plain", "ready"]

KINDS = (
    "sync-2",
    "sync-3-decode",
    "async-2-decode",
    "async-3",
    "cluster-sync",
    "cluster-async",
)
KINDS_OF_HIREDIS = ("sync-3-hiredis", "async-2-decode-hiredis")

Case = Callable[["Caller"], Awaitable[None]]

CASES: dict[str, Case] = {}

_ASIDE: dict[int, socket.socket] = {}


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    name = function.__name__
    assert name not in CASES, name
    CASES[name] = function
    return function


async def ready(value: Any) -> Any:
    """What a synchronous call gave, or an asynchronous one will give."""
    return await value if inspect.isawaitable(value) else value


def plain(value: Any, depth: int = 0) -> Any:
    """As JSON can hold it, every type told apart."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, BaseException):
        return error_of(value, depth)
    if isinstance(value, dict):
        pairs = [[plain(name), plain(item)] for name, item in value.items()]
        return {type(value).__name__: pairs}
    if isinstance(value, set | frozenset | list | tuple):
        items = [plain(item) for item in value]
        return {type(value).__name__: sorted(items, key=str) if isinstance(value, set) else items}
    if isinstance(value, bytes | str | int | float):
        return f"{type(value).__name__} {value!r}"
    return f"{type(value).__module__}.{type(value).__qualname__}"


def error_of(error: BaseException | None, depth: int = 0) -> Any:
    """An exception, what it hangs on, and everything it carries."""
    if error is None or depth > 5:
        return None
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "args": plain(error.args),
        "str": str(error),
        "repr": repr(error),
        "attributes": {
            name: plain(value) if isinstance(value, str | int | tuple) else type(value).__name__
            for name, value in sorted(vars(error).items())
        },
        "cause": error_of(error.__cause__, depth + 1),
    }


class Caller:
    """What a case works with: clients of one kind, and what it has seen so far."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.is_async = "async" in kind
        self.is_cluster = kind.startswith("cluster")
        self.resp3 = "-3" in kind
        self.port = int(os.environ["CLUSTER_PORT" if self.is_cluster else "REDIS_PORT"])
        self.live = os.environ["TIMETRACER_MODE"] == "record"
        self.seen: list[Any] = []
        self._clients: list[Any] = []
        self.renew()
        self.r = self.client()

    @property
    def module(self) -> Any:
        return redis.asyncio if self.is_async else redis

    def options(self, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"port": self.port, "host": "127.0.0.1", **options}
        if not self.is_cluster:
            found.setdefault("protocol", 3 if self.resp3 else 2)
        if "decode" in self.kind:
            found.setdefault("decode_responses", True)
        return found

    def client(self, **options: Any) -> Any:
        """A client of this kind."""
        kind = self.module.RedisCluster if self.is_cluster else self.module.Redis
        return self.keep(kind(**self.options(**options)))

    def keep(self, client: Any) -> Any:
        """Close `client` in the end."""
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            close = getattr(client, "aclose", None) or client.close
            await ready(close())

    def renew(self) -> None:
        """An empty server, past any client; there is none in a replay."""
        for command in ("FLUSHALL SYNC", "SCRIPT FLUSH SYNC", "FUNCTION FLUSH SYNC"):
            self.aside(*command.split())

    def aside(self, *words: str) -> None:
        """Somebody else asks the server, who is not there in a replay."""
        if not self.live:
            return
        connection = _ASIDE.get(self.port)
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            _ASIDE[self.port] = connection
        lines = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        connection.sendall(f"*{len(words)}\r\n{''.join(lines)}".encode())
        connection.recv(65536)

    def note(self, value: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.append(plain(value))

    async def do(self, name: str, *args: Any, on: Any = None, **keywords: Any) -> Any:
        """One call, its result or its error noted."""
        try:
            result = await ready(getattr(on or self.r, name)(*args, **keywords))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            self.note(error)
            return error
        self.note(result)
        return result

    async def listed(self, iterator: Any) -> list[Any]:
        """All that a plain or asynchronous iterator gives."""
        if hasattr(iterator, "__aiter__"):
            return [item async for item in iterator]
        return list(iterator)
