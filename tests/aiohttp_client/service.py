"""A service that asks others by aiohttp, in the ways that services do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

URL = os.environ.get("URL", "")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(base_url=URL) as session:
        app.state.session = session
        yield


app = FastAPI(lifespan=lifespan)


async def _count(n: int) -> str:
    await asyncio.sleep(n % 3 / 100)
    async with app.state.session.get("/count?for=gather") as response:
        return f"{n}: {await response.text()}"


@app.get("/gather")
async def gather() -> list[str]:
    return await asyncio.gather(*(_count(n) for n in range(6)))


@app.get("/per-call")
async def per_call() -> dict[str, Any]:
    found = {}
    for name in ("a", "b"):
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{URL}/echo", json={"name": name}) as response,
        ):
            found[name] = await response.json()
    return found


@app.get("/passed-on")
async def passed_on() -> StreamingResponse:
    response = await app.state.session.get("/gzip-chunks", auto_decompress=False)

    async def chunks() -> AsyncIterator[bytes]:
        async with response:
            async for chunk in response.content.iter_any():
                yield chunk

    return StreamingResponse(chunks(), headers={"Content-Encoding": "gzip"})


@app.get("/failing")
async def failing() -> dict[str, str]:
    try:
        async with app.state.session.get("/reset") as response:
            return {"status": str(response.status)}
    except aiohttp.ClientError as error:
        return {"error": repr(error)}


@app.get("/websocket")
async def websocket() -> dict[str, str]:
    """Opened and left open."""
    app.state.socket = await app.state.session.ws_connect(os.environ["WS_URL"])
    await app.state.socket.send_str("hello")
    return {"said": await app.state.socket.receive_str()}
