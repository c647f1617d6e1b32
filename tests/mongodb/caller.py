"""One way to write a case for every client: PyMongo, its AsyncMongoClient, and Motor.

A case is a coroutine function. Over the synchronous client nothing in it ever waits, so that it is
run by a single `send`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable
from typing import Any

import bson
import gridfs
import pymongo
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket

__all__ = ["CASES", "KINDS", "Caller", "case", "error_of", "plain", "ready"]

KINDS = ("pymongo", "asynchronous", "motor")

_CLIENTS: dict[str, Callable[..., Any]] = {
    "pymongo": pymongo.MongoClient,
    "asynchronous": pymongo.AsyncMongoClient,
    "motor": AsyncIOMotorClient,
}

Case = Callable[["Caller"], Awaitable[None]]

CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    assert function.__name__ not in CASES, function.__name__
    CASES[function.__name__] = function
    return function


async def ready(value: Any) -> Any:
    """What a synchronous call gave, or an asynchronous one will give."""
    return await value if inspect.isawaitable(value) else value


def plain(value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one kind of value each
    """As JSON can hold it, every type told apart."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, BaseException):
        return error_of(value, depth)
    if isinstance(value, bson.SON | dict):
        return {_name(value): [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, set | frozenset):
        return {_name(value): sorted(map(repr, value))}
    if isinstance(value, list | tuple):
        return {_name(value): [plain(item) for item in value]}
    if isinstance(value, RawBSONDocument):
        return f"{_name(value)} {value.raw.hex()}"
    if type(value).__module__ == "pymongo.results":
        return {_name(value): _public(value)}
    return f"{_name(value)} {value!r}"


def _name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _public(value: Any) -> Any:
    found = {}
    for name in sorted(name for name in dir(value) if not name.startswith("_")):
        try:
            found[name] = plain(getattr(value, name))
        except Exception as error:  # noqa: BLE001 - an unacknowledged result refuses
            found[name] = repr(error)
    return found


def error_of(error: BaseException | None, depth: int = 0) -> Any:
    """An exception, what it hangs on, and everything it carries."""
    if error is None or depth > 5:
        return None
    public = [name for name in dir(error) if not name.startswith("_") and name != "with_traceback"]
    return {
        "type": _name(error),
        "args": plain(error.args),
        "str": str(error),
        "attributes": {
            name: plain(value, depth + 1)
            for name in public
            if not callable(value := getattr(error, name, None))
        },
        "labels": plain(getattr(error, "_error_labels", None)),
        "cause": error_of(error.__cause__, depth + 1),
    }


class Caller:
    """What a case works with: clients of one kind, and what it has seen so far."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        self.seen: list[Any] = []
        self._clients: list[Any] = []

    def client(self, server: str = "SERVER", query: str = "", **options: Any) -> Any:
        """A client of the kind; ``SCRIPTED`` and ``REFUSED`` are the other servers."""
        address = os.environ[f"MONGODB_{server}"]
        options = {"serverSelectionTimeoutMS": 20_000, **options}
        made = _CLIENTS[self.kind](f"mongodb://{address}/{query}", **options)
        self._clients.append(made)
        return made

    def database(self, **options: Any) -> Any:
        """A database of this case's own, on the server."""
        return self.client(**options)[f"{self.kind}_{self.name}"[:50]]

    def collection(self, **options: Any) -> Any:
        """A collection of this case's own, on the server."""
        return self.database(**options)["things"]

    def scripted(self, database: str, **options: Any) -> Any:
        """A collection on the server that follows a script."""
        options = {"replicaSet": "rs0", **options}
        return self.client("SCRIPTED", **options)[database]["c"]

    def bucket(self, database: Any, **options: Any) -> Any:
        """A GridFS bucket of the kind."""
        if self.kind == "motor":
            return AsyncIOMotorGridFSBucket(database, **options)
        if self.kind == "asynchronous":
            return gridfs.AsyncGridFSBucket(database, **options)
        return gridfs.GridFSBucket(database, **options)

    def session(self, client: Any, **options: Any) -> Any:
        """A session, or what will give one."""
        return client.start_session(**options)

    def note(self, *values: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen += [plain(value) for value in values]

    async def all(self, cursor: Any) -> list[Any]:
        """Every document of a cursor."""
        cursor = await ready(cursor)
        if self.kind == "pymongo":
            return list(cursor)
        return [document async for document in cursor]

    async def tried(self, call: Callable[[], Any]) -> None:
        """The outcome of `call`, whichever it is."""
        try:
            self.note(await ready(call()))
        except Exception as error:  # noqa: BLE001 - any error is an outcome
            self.note(error)

    async def close(self) -> None:
        """Every client of it."""
        for client in self._clients:
            await ready(client.close())
