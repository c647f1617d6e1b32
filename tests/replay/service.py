"""The application that is recorded and replayed: everything a service does, and nothing else.

Module-level engine, a client made at import, a cache filled at startup, tasks, threads, a
background task, a detached task, streams, and a call of itself. `CHANGE` in the environment
changes its code, one kind of change each.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from sqlalchemy import create_engine, text

UPSTREAM = os.environ["UPSTREAM"]
CHANGE = os.environ.get("CHANGE", "")

engine = create_engine(f"sqlite:///{os.environ['DATABASE']}")
client = httpx.Client(base_url=UPSTREAM, timeout=10)
cache: dict[str, Any] = {}
pool = ThreadPoolExecutor(3)
detached: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    with engine.connect() as connection:
        cache["currencies"] = [row[0] for row in connection.execute(text("SELECT code FROM money"))]
    cache["rates"] = await asyncio.to_thread(lambda: client.get("/rates").json())
    async with httpx.AsyncClient(base_url=UPSTREAM, timeout=10) as shared:
        yield {"shared": shared}


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def stamped(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Any:
    """Reads the clock and draws an ID before anybody has read the body."""
    began, mark = time.time(), uuid.uuid4()
    response = await call_next(request)
    response.headers["x-request-id"] = str(mark)
    response.headers["x-began"] = repr(began)
    response.headers["date"] = f"Mon, 01 Jan 2001 00:00:{int(began) % 60:02} GMT"
    return response


def stock(sku: int) -> dict[str, Any]:
    with engine.begin() as connection:
        row = connection.execute(text("SELECT sku, name FROM items WHERE sku = :s"), {"s": sku})
        return dict(row.mappings().one())


@app.get("/items/{sku}")
def item(sku: int) -> dict[str, Any]:
    wanted = sku + 1 if CHANGE == "parameter" else sku
    found = stock(wanted)
    price: dict[str, Any] = {} if CHANGE == "fewer" else client.get(f"/price/{sku}").json()
    if CHANGE == "more":
        client.get("/reviews", params={"sku": sku})
    if CHANGE == "swallowed":
        with suppress(Exception):
            socket.create_connection(("10.1.2.3", 80))
    if CHANGE == "raises":
        raise LookupError("out of stock")
    if CHANGE == "status":
        raise HTTPException(404)
    if CHANGE == "body":
        found["name"] = str(found["name"]).upper()
    return {**found, **price, "currencies": cache["currencies"], "rates": cache["rates"]}


@app.get("/gather")
async def gather(request: Request) -> list[Any]:
    """Six tasks ask the same at once; each answer is another."""

    async def one(place: int) -> Any:
        await asyncio.sleep(0.002 * (6 - place))
        answer = (await request.state.shared.get("/next")).json()
        return [place, answer["number"]]

    return list(await asyncio.gather(*[one(place) for place in range(6)]))


@app.get("/threads")
def threads() -> list[Any]:
    return list(pool.map(lambda sku: [stock(sku), client.get(f"/price/{sku}").json()], (1, 2, 3)))


@app.get("/background")
def background(tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(client.post, "/audit", json={"what": "background"})
    return {"scheduled": "yes"}


async def tell_later(shared: httpx.AsyncClient) -> None:
    await asyncio.sleep(0.3)
    await shared.post("/audit", json={"what": "later"})


@app.get("/detached")
async def detach(request: Request) -> dict[str, str]:
    if CHANGE != "no task":
        task = asyncio.create_task(tell_later(request.state.shared))
        detached.add(task)
        task.add_done_callback(detached.discard)
    return {"detached": "yes"}


@app.get("/stream")
def stream() -> StreamingResponse:
    def chunks() -> Any:
        for sku in (1, 2, 3):
            yield f"{stock(sku)}\n".encode()

    return StreamingResponse(chunks(), media_type="text/plain")


@app.get("/events")
async def events(request: Request) -> StreamingResponse:
    """Server-sent events that never end."""

    async def numbered() -> AsyncIterator[str]:
        for number in range(10**9):
            answer = (await request.state.shared.get("/next")).json() if number < 3 else "tick"
            yield f"data: {number} {answer}\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(numbered(), media_type="text/event-stream")


@app.get("/broken")
def broken() -> None:
    if CHANGE == "mended":
        return
    raise KeyError(stock(1)["name"])


@app.get("/itself")
async def itself() -> Any:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as inner:
        return (await inner.get("/inner")).json()


@app.get("/inner")
def inner() -> dict[str, Any]:
    return stock(2)


@app.post("/orders")
async def order(request: Request) -> dict[str, Any]:
    """An ID drawn here goes to the upstream, which gives it back."""
    wanted = await request.json()
    number = str(uuid.uuid4())
    answer = (await request.state.shared.post("/orders", json={"id": number, **wanted})).json()
    return {"number": number, "answer": answer, "wanted": wanted}


@app.put("/upload")
async def upload(request: Request) -> dict[str, int]:
    return {"size": len(await request.body())}


@app.head("/items/{sku}")
def head(sku: int) -> Response:
    return JSONResponse(stock(sku))


@app.get("/nothing")
def nothing() -> Response:
    return Response(status_code=204)


@app.get("/unchanged")
def unchanged() -> Response:
    return Response(status_code=304, headers={"etag": '"a"'})
