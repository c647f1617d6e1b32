"""What a case works with: sessions of aiohttp's client, the addresses, and what it has seen."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.aiohttp_client.snapshots import error_snapshot, plain, response_snapshot

__all__ = ["CASES", "Caller", "case"]

Case = Callable[["Caller"], Awaitable[None]]

CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    name = function.__name__
    assert name not in CASES, name
    CASES[name] = function
    return function


class Caller:
    """One case's sessions, and its notes: what the two runs are compared by."""

    def __init__(self) -> None:
        self.url = os.environ["URL"]
        self.seen: list[Any] = []
        self.current: Any = None

    @staticmethod
    def address(name: str) -> str:
        """Of a server, by its name in the environment."""
        return os.environ[name]

    def note(self, **values: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.append({name: plain(value) for name, value in values.items()})

    @asynccontextmanager
    async def session(self, **options: Any) -> AsyncIterator[aiohttp.ClientSession]:
        """A session; its cookie jar is part of the notes in the end."""
        options.setdefault("cookie_jar", aiohttp.CookieJar(unsafe=True))
        async with aiohttp.ClientSession(**options) as session:
            self.current = session
            try:
                yield session
            finally:
                jar = [[c.key, c.value, c["path"], c["domain"]] for c in session.cookie_jar]
                self.note(jar=sorted(jar))

    async def ask(self, method: str, target: str, **options: Any) -> Any:
        """One whole request, looked at before its body is read and after; or the error."""
        session = options.pop("session", None) or self.current
        try:
            async with session.request(method, self.absolute(target), **options) as response:
                before = [response.status, response.reason, response.method]
                body = await response.read()
                self.note(before=before, body=body, response=response_snapshot(response))
                self.note(text=await _tried(response.text), json=await _tried(response.json))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            self.note(error=error_snapshot(error))
            return None
        self.note(after=response_snapshot(response))
        return response

    def absolute(self, target: str) -> str:
        return target if "://" in target else f"{self.url}{target}"

    async def get(self, target: str, **options: Any) -> Any:
        """One GET in a session of its own."""
        settings = options.pop("settings", {})
        async with self.session(**settings):
            return await self.ask("GET", target, **options)

    async def tried(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """The outcome of `call`, noted if it is an error."""
        try:
            return await call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            self.note(error=error_snapshot(error))

    async def each(self, items: Any) -> list[Any]:
        """Everything that an iterator gives, then the error if one came."""
        found: list[Any] = []
        try:
            async for item in items:
                found.append(item)  # noqa: PERF401 - what came before an error counts
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            found.append(error)
        self.note(items=found)
        return found


async def _tried(call: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await call()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return error
