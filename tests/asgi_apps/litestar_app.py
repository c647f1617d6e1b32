"""A Litestar application that asks an upstream, fails, streams and works in the background."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
from litestar import Litestar, Request, Response, get, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.connection import WebSocket
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body
from litestar.response import Stream

UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9")


async def ask(path: str) -> Any:
    async with httpx.AsyncClient(base_url=UPSTREAM) as client:
        return (await client.get(path)).json()


@get("/items/{number:int}")
async def item(number: int) -> dict[str, Any]:
    many = await asyncio.gather(*(ask(f"/stock/{n}") for n in range(3)))
    return {"number": number, "stock": many, "order": str(uuid.uuid4())}


@post("/orders")
async def order(data: dict[str, Any]) -> Response[dict[str, Any]]:
    price = await ask("/price")
    task = BackgroundTask(ask, "/notified")
    return Response({"password": data["password"], "price": price}, background=task)


@post("/files")
async def upload(
    data: Annotated[UploadFile, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> str:
    content = await data.read()
    return f"{data.filename} {len(content)}"


@get("/missing")
async def missing() -> None:
    raise NotFoundException("nothing here")


@get("/broken")
async def broken() -> None:
    await ask("/before")
    raise LookupError("the handler's own")


@get("/stream")
async def stream() -> Stream:
    async def chunks() -> AsyncIterator[bytes]:
        for n in range(3):
            yield f"{n} {await ask(f'/chunk/{n}')}\n".encode()

    return Stream(chunks())


@get("/sync", sync_to_thread=True)
def in_a_thread(request: Request[Any, Any, Any]) -> str:
    with httpx.Client(base_url=UPSTREAM) as client:
        return client.get("/thread").text + request.headers.get("x-who", "")


@websocket("/ws")
async def talk(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    while (said := await socket.receive_text()) != "bye":
        await socket.send_text(f"{said} {(await ask('/said'))['path']}")
    await socket.close()


app = Litestar([item, order, upload, missing, broken, stream, in_a_thread, talk])
