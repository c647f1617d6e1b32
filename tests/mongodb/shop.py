"""A service with MongoDB as people write them: clients made at start-up, tasks, a poller."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pymongo
from bson import ObjectId
from fastapi import FastAPI, HTTPException, Request
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import DuplicateKeyError

URL = os.environ["MONGODB_URL"]
NAMES = {"pear", "apple", "fig", "plum", "quince"}


async def _poll(things: Any) -> None:
    """A poller that never ends, in no request."""
    while True:
        await things.find_one({"_id": "nothing"})
        await asyncio.sleep(0.02)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.client = pymongo.AsyncMongoClient(URL, maxPoolSize=4)
    app.state.plain = pymongo.MongoClient(URL)
    app.state.motor = AsyncIOMotorClient(URL)
    await app.state.client.admin.command("ping")
    await app.state.client.shop.orders.create_index("user")
    poller = asyncio.create_task(_poll(app.state.client.shop.stock))
    try:
        yield
    finally:
        poller.cancel()
        with suppress(asyncio.CancelledError):
            await poller
        await app.state.client.close()
        app.state.plain.close()
        app.state.motor.close()


app = FastAPI(lifespan=lifespan)


async def _take(stock: Any, name: str) -> tuple[str, int]:
    after = pymongo.ReturnDocument.AFTER
    update = {"$inc": {"taken": 1}, "$set": {"by": str(uuid.uuid4())}}
    await stock.update_one({"_id": name}, update, upsert=True)
    found = await stock.find_one_and_update(
        {"_id": name}, {"$inc": {"taken": 1}}, return_document=after
    )
    return name, int(found["taken"])


@app.post("/order/{user}")
async def order(user: str, request: Request) -> dict[str, Any]:
    shop = request.app.state.client.shop
    body = await request.json()
    made = await shop.orders.insert_one({"user": user, "lines": body["lines"]})
    lines = [{"order": made.inserted_id, "line": line} for line in body["lines"]]
    identifiers = (await shop.lines.insert_many(lines)).inserted_ids
    taken = dict(await asyncio.gather(*(_take(shop.stock, name) for name in sorted(NAMES))))
    found = [line async for line in shop.lines.find({"_id": {"$in": identifiers}}, batch_size=2)]
    plain = await asyncio.to_thread(_read, request.app.state.plain, made.inserted_id)
    through_motor = await request.app.state.motor.shop.orders.find_one({"_id": made.inserted_id})
    return {
        "order": str(made.inserted_id),
        "taken": taken,
        "lines": sorted(line["line"] for line in found),
        "identifiers": [str(identifier) for identifier in identifiers],
        "plain": plain,
        "motor": str(through_motor["_id"]),
        "number": await shop.orders.count_documents({"user": user}) > 0,
        "token": str(uuid.uuid4()),
    }


def _read(client: Any, identifier: ObjectId) -> list[str]:
    return sorted(client.shop.orders.find_one({"_id": identifier}))


@app.post("/quiet/{user}")
async def quiet(user: str, request: Request) -> dict[str, Any]:
    """Identifiers that are drawn, and never told."""
    shop = request.app.state.client.shop
    made = await shop.quiet.insert_one({"user": user, "token": uuid.uuid4().hex})
    found = await shop.quiet.find_one({"_id": made.inserted_id})
    lines = (
        await shop.quiet.insert_many([{"of": found["_id"], "n": n} for n in range(4)])
    ).inserted_ids
    again = await shop.quiet.find({"_id": {"$in": lines}}, batch_size=2).to_list(None)
    return {
        "same": found["_id"] == made.inserted_id,
        "lines": [line["_id"] == mine for line, mine in zip(again, lines, strict=True)],
        "of": {line["of"] == made.inserted_id for line in again},
    }


_LAZY: list[Any] = []


@app.post("/lazy/{user}")
async def lazy(user: str) -> dict[str, Any]:
    """The first request makes the client, the others find it."""
    if not _LAZY:
        _LAZY.append(pymongo.AsyncMongoClient(URL))
    things = _LAZY[0].shop.lazy

    async def write(n: int) -> list[str]:
        made = await things.insert_one({"user": user, "n": n})
        found = await things.find_one({"user": user, "n": n}, sort=[("_id", -1)])
        return [str(made.inserted_id), str(found["_id"]), uuid.uuid4().hex, str(random.random())]

    return {"first": uuid.uuid4().hex, "all": await asyncio.gather(*map(write, range(3)))}


@app.get("/again/{user}")
async def again(user: str, request: Request) -> dict[str, Any]:
    orders = request.app.state.client.shop.orders
    await orders.insert_one({"_id": f"only {user}"})
    try:
        await orders.insert_one({"_id": f"only {user}"})
    except DuplicateKeyError as error:
        raise HTTPException(409, str(error)) from error
    return {}
