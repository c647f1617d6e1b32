"""A service with Redis as people write them: a pool made at start-up, and a listener beside."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import redis
import redis.asyncio
from fastapi import FastAPI, Request

URL = os.environ["REDIS_URL"]
NAMES = {"pear", "apple", "fig", "plum", "quince"}


async def _listen(client: Any) -> None:
    """A listener that never ends, in no request."""
    pubsub = client.pubsub()
    await pubsub.subscribe("invalidations")
    async for _ in pubsub.listen():
        pass


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    pool = redis.asyncio.BlockingConnectionPool.from_url(URL, max_connections=6, protocol=3)
    app.state.redis = redis.asyncio.Redis(connection_pool=pool, decode_responses=True)
    app.state.plain = redis.Redis.from_url(URL)
    await app.state.redis.ping()
    listener = asyncio.create_task(_listen(app.state.redis))
    app.state.reprice = app.state.redis.register_script(
        "return redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])"
    )
    try:
        yield
    finally:
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener
        await app.state.redis.aclose()
        await pool.disconnect()
        app.state.plain.close()


app = FastAPI(lifespan=lifespan)


async def _stock(client: Any, name: str) -> tuple[str, int]:
    pipe = client.pipeline()
    pipe.incr("asked")
    pipe.hget("stock", name)
    _, left = await pipe.execute()
    return name, int(left or 0)


@app.post("/order/{user}")
async def order(user: str, request: Request) -> dict[str, Any]:
    client = request.app.state.redis
    body = await request.json()
    async with client.lock(f"lock:{user}", timeout=5):
        await client.sadd("names", *NAMES)
        await client.hset("stock", mapping=dict.fromkeys(NAMES, 7))
        found = dict(await asyncio.gather(*(_stock(client, name) for name in sorted(NAMES))))
        number = await client.incr("orders")
        await client.set(f"order:{number}", hashlib.sha256(str(body).encode()).digest())
        repriced = await request.app.state.reprice(keys=["prices"], args=["fig", 3])
        await client.publish("invalidations", user)
    return {
        "number": number,
        "stock": found,
        "repriced": repriced,
        "asked": await client.get("asked"),
        "cached": await asyncio.to_thread(_cached, request.app.state.plain, number),
    }


def _cached(client: Any, number: int) -> str:
    digest: bytes = client.get(f"order:{number}")
    return digest.hex()


@app.get("/broken")
async def broken(request: Request) -> dict[str, str]:
    client = request.app.state.redis
    await client.set("text", "x")
    try:
        await client.lpush("text", "y")
    except redis.ResponseError as error:
        return {"error": str(error)}
    return {}
