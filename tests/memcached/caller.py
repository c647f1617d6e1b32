"""One way to write a case for every client of pymemcache."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.client.retrying import RetryingClient

from tests.redis_client.caller import plain
from tests.servers import Memcached

__all__ = ["CASES", "KINDS", "Caller", "case"]

KINDS = ("client", "pooled", "hash", "hash-pooled", "retrying")

Case = Callable[["Caller"], None]

CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    name = function.__name__
    assert name not in CASES, name
    CASES[name] = function
    return function


class Caller:
    """What a case works with: clients of one kind, and what it has seen so far."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.address = ("127.0.0.1", int(os.environ["MEMCACHED_PORT"]))
        self.live = os.environ["TIMETRACER_MODE"] == "record"
        self.seen: list[Any] = []
        self._clients: list[Any] = []
        if self.live:
            Memcached.empty(*self.address)
        self.c = self.client()

    def client(self, address: Any = None, **options: Any) -> Any:
        """A client of this kind; `address` is where its server is."""
        address = address or self.address
        if self.kind == "client":
            made: Any = Client(address, **options)
        elif self.kind == "pooled":
            made = PooledClient(address, **options)
        elif self.kind == "retrying":
            made = RetryingClient(Client(address, **options), attempts=2, retry_delay=0)
        else:
            pooled = self.kind == "hash-pooled"
            made = HashClient([address], use_pooling=pooled, retry_attempts=0, **options)
        self._clients.append(made)
        return made

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def note(self, value: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.append(plain(value))

    def do(self, name: str, *args: Any, on: Any = None, **keywords: Any) -> Any:
        """One call, its result or its error noted."""
        try:
            result = getattr(on or self.c, name)(*args, **keywords)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            self.note(error)
            return error
        self.note(result)
        return result
