"""An application of aiohttp.web with one handler a way of answering."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

UPSTREAM = os.environ.get("UPSTREAM_URL", "")
SESSION = web.AppKey("session", ClientSession)
routes = web.RouteTableDef()


@web.middleware
async def told(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    began = time.time()
    response = await handler(request)
    if not response.prepared:
        response.headers["X-Request-ID"] = str(uuid.uuid4())
        response.headers["X-Took"] = f"{time.time() - began:.9f}"
    return response


@routes.get("/things/{name}")
async def whole(request: web.Request) -> web.Response:
    return web.json_response({"name": request.match_info["name"], "drawn": random.random()})


@routes.post("/json")
async def reads_json(request: web.Request) -> web.Response:
    return web.json_response({"got": await request.json()})


@routes.post("/form")
async def reads_a_form(request: web.Request) -> web.Response:
    form = await request.post()
    return web.json_response({name: str(value) for name, value in form.items()})


@routes.post("/parts")
async def reads_parts(request: web.Request) -> web.Response:
    sizes = {}
    async for part in await request.multipart():
        sizes[str(part.name)] = len(await part.read())  # type: ignore[union-attr]
    return web.json_response(sizes)


@routes.post("/unread")
async def reads_nothing(_request: web.Request) -> web.Response:
    return web.Response(text="as you say")


@routes.get("/stream")
async def streams(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(4):
        await response.write(f"{number} {random.random()}\n".encode())
        await asyncio.sleep(0)
    return response


@routes.get("/file")
async def a_file(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(Path(__file__))


@routes.get("/compressed")
async def compressed(_request: web.Request) -> web.Response:
    response = web.json_response({"much": "of it " * 1000})
    response.enable_compression()
    return response


@routes.get("/raises")
async def raises(_request: web.Request) -> web.Response:
    raise ValueError("on purpose")


@routes.get("/elsewhere")
async def redirects(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/things/here")


@routes.get("/cookies")
async def cookies(_request: web.Request) -> web.Response:
    response = web.Response(text="sweet")
    response.set_cookie("first", f"{random.getrandbits(40):x}")
    response.set_cookie("second", "2")
    return response


@routes.delete("/things/{name}")
async def nothing(_request: web.Request) -> web.Response:
    return web.Response(status=204)


@routes.get("/asks")
async def asks(request: web.Request) -> web.Response:
    async def one(number: int) -> Any:
        async with request.app[SESSION].get(f"{UPSTREAM}/{number}") as answer:
            return await answer.json()

    return web.json_response(await asyncio.gather(*map(one, range(4))))


@routes.get("/chat")
async def chat(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"{message.data}!")
    return socket


async def _session(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession() as app[SESSION]:
        yield


def make() -> web.Application:
    app = web.Application(middlewares=[told], client_max_size=4000)
    app.add_routes(routes)
    app.cleanup_ctx.append(_session)
    inner = web.Application()
    inner.router.add_get("/{name}", whole)
    app.add_subapp("/inner/", inner)
    return app


async def factory() -> web.Application:
    return make()


if __name__ == "__main__":
    web.run_app(make(), host="127.0.0.1", port=int(sys.argv[2]))
