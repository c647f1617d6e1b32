"""One way to write a case for four clients: httpx and httpx2, each synchronous and asynchronous.

A case is a coroutine function. Over a synchronous client nothing in it ever waits, so that it is
run by a single `send`.
"""

from __future__ import annotations

import inspect
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tests.http.snapshots import error_snapshot, response_snapshot

__all__ = ["CASES", "CLIENTS", "LOOPS", "Addresses", "Caller", "case"]

CLIENTS = ("httpx-sync", "httpx-async", "httpx2-sync", "httpx2-async")
LOOPS = ("httpx-uvloop", *(("httpx-trio",) if find_spec("trio") else ()))
"""Asynchronous clients on other event loops: some of the cases are enough for them."""

Case = Callable[["Caller"], Awaitable[None]]

CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    name = function.__name__
    assert name not in CASES, name
    CASES[name] = function
    return function


async def ready(value: Any) -> Any:
    """What a synchronous call gave, or an asynchronous one will give."""
    return await value if inspect.isawaitable(value) else value


@dataclass(frozen=True)
class Addresses:
    """Where the servers are, and what it takes to trust them; from test to program by name."""

    url: str
    deaf_url: str
    refused_url: str
    tls_url: str
    proxy_url: str
    unix_socket: str
    ca_file: str
    client_file: str

    @classmethod
    def from_environment(cls) -> Addresses:
        return cls(**{name: os.environ[name.upper()] for name in cls.__annotations__})

    def as_environment(self) -> dict[str, str]:
        return {name.upper(): value for name, value in asdict(self).items()}


# a client's own takes longer to make than a call takes
_NO_TRUST = ssl.create_default_context(cadata=None, capath="/nowhere")


class Caller:
    """What a case works with: clients of one kind, and what it has seen so far."""

    def __init__(self, kind: str, at: Addresses) -> None:
        name, _, mode = kind.partition("-")
        self.library: Any = import_module(name)
        self.is_async = mode != "sync"
        self.at = at
        self.seen: list[Any] = []
        self.current: Any = None

    @property
    def _usual(self) -> dict[str, Any]:
        return {
            "base_url": self.at.url,
            "timeout": 30.0,
            "trust_env": False,
            "verify": _NO_TRUST,
        }

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[Any]:
        """A client of this kind; its cookie jar is part of the snapshot in the end."""
        kind = self.library.AsyncClient if self.is_async else self.library.Client
        client = kind(**{**self._usual, **options})
        self.current = client
        try:
            if self.is_async:
                async with client:
                    yield client
            else:
                with client:
                    yield client
        finally:
            self.note(jar=[[c.name, c.value, c.path, c.domain] for c in client.cookies.jar])

    def note(self, **values: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.append(values)

    async def ask(self, method: str, target: str, *, snap: bool = True, **options: Any) -> Any:
        """One whole request; its response goes into the snapshot, or the error that came."""
        call = options.pop("client", None) or self.current
        try:
            response = await ready(call.request(method, target, **options))
        except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
            self.note(error=error_snapshot(error))
            return None
        if snap:
            self.note(response=response_snapshot(response))
        return response

    async def get(self, target: str, **options: Any) -> Any:
        """One GET with a client of its own."""
        settings = options.pop("settings", {})
        async with self.client(**settings):
            return await self.ask("GET", target, **options)

    @asynccontextmanager
    async def streamed(self, method: str, target: str, **options: Any) -> AsyncIterator[Any]:
        """A response whose body is not read yet."""
        if self.is_async:
            async with self.current.stream(method, target, **options) as response:
                yield response
        else:
            with self.current.stream(method, target, **options) as response:
                yield response

    async def each(self, response: Any, way: str, *arguments: Any) -> list[Any]:
        """Everything that an iterator of the response gives, then the error if one came."""
        found: list[Any] = []
        try:
            if self.is_async:
                async for item in getattr(response, f"a{way}")(*arguments):
                    found.append(item)  # noqa: PERF401 - what came before an error counts
            else:
                found.extend(getattr(response, way)(*arguments))
        except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
            found.append(error_snapshot(error))
        self.note(way=way, items=found)
        return found

    async def tried(self, call: Callable[[], Any]) -> Any:
        """The outcome of `call`, noted if it is an error."""
        try:
            return await ready(call())
        except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
            self.note(error=error_snapshot(error))

    async def close(self, response: Any) -> None:
        """Close the response as this kind of client does."""
        await ready(response.aclose() if self.is_async else response.close())

    async def read(self, response: Any) -> Any:
        """Read the whole body as this kind of client does."""
        return await self.tried(response.aread if self.is_async else response.read)

    def stream_of(self, *chunks: bytes, taken: list[bytes] | None = None) -> Any:
        """A generator of chunks, of the kind the client takes; `taken` says how far it came."""

        def now() -> Iterator[bytes]:
            for chunk in chunks:
                if taken is not None:
                    taken.append(chunk)
                yield chunk

        async def later() -> AsyncIterator[bytes]:
            for chunk in now():
                yield chunk

        return later() if self.is_async else now()
