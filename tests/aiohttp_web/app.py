"""An application of aiohttp.web that answers in every way there is.

``python -m tests.aiohttp_web.app PORT`` serves it.
"""

from __future__ import annotations

import asyncio
import io
import os
import sqlite3
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

CLIENT = web.AppKey("CLIENT", aiohttp.ClientSession)
DATABASE = web.AppKey("DATABASE", sqlite3.Connection)

TASKS = web.AppKey("TASKS", list[Any])

routes = web.RouteTableDef()
BIG = bytes(range(256)) * 4096
TEXT = "línea\n" * 2000


@routes.get("/text")
async def text(_request: web.Request) -> web.Response:
    return web.Response(text=TEXT, headers={"X-One": "1"})


@routes.get("/bytes")
async def a_body(_request: web.Request) -> web.Response:
    response = web.Response(body=BIG, content_type="application/octet-stream", reason="Fine")
    response.set_cookie("a", "b", path="/", samesite="Lax")
    response.headers.add("X-Two", "1")
    response.headers.add("X-Two", "2")
    return response


@routes.get("/nothing")
async def nothing(_request: web.Request) -> web.Response:
    return web.Response(status=204)


@routes.get("/payload")
async def a_payload(_request: web.Request) -> web.Response:
    return web.Response(body=io.BytesIO(b"of a file in memory" * 1000))


@routes.get("/generator")
async def a_generator(request: web.Request) -> web.Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first "
        yield (await _asked(request, "/generator")).encode()
        yield b" last"

    return web.Response(body=pieces())


@routes.get("/stream")
async def a_stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    for piece in (b"one ", bytearray(b"two "), memoryview(b"three ")):
        await response.write(piece)
        await asyncio.sleep(0)
    await response.write_eof(b"four")
    return response


@routes.get("/stream_of_length")
async def a_stream_of_length(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = 6
    await response.prepare(request)
    await response.write(b"onetwo")
    return response


@routes.get("/compressed")
async def compressed(_request: web.Request) -> web.Response:
    response = web.Response(text=TEXT)
    response.enable_compression()
    return response


@routes.get("/compressed_stream")
async def a_compressed_stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_compression()
    await response.prepare(request)
    for _ in range(3):
        await response.write(TEXT.encode())
    return response


def a_file(size: int) -> Path:
    path = Path(tempfile.gettempdir()) / f"timetracer-aiohttp-web-{os.getuid()}-{size}"
    if not path.exists():
        path.write_bytes((BIG * 2)[:size])
    return path


@routes.get("/file/{size}")
async def file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(a_file(int(request.match_info["size"])))


@routes.get("/compressed_file")
async def a_compressed_file(_request: web.Request) -> web.FileResponse:
    response = web.FileResponse(a_file(1000))
    response.enable_compression()
    return response


@routes.post("/reads")
async def reads(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@routes.post("/reads_json")
async def reads_json(request: web.Request) -> web.Response:
    return web.json_response({"got": await request.json()})


@routes.post("/reads_form")
async def reads_form(request: web.Request) -> web.Response:
    form = await request.post()
    found = {
        name: value.file.read().decode() if isinstance(value, web.FileField) else str(value)
        for name, value in form.items()
    }
    return web.json_response(found)


@routes.post("/reads_parts")
async def reads_parts(request: web.Request) -> web.Response:
    found = []
    async for part in await request.multipart():
        assert isinstance(part, aiohttp.BodyPartReader)
        found.append((part.name, len(await part.read())))
    return web.json_response(found)


@routes.post("/reads_chunks")
async def reads_chunks(request: web.Request) -> web.Response:
    return web.json_response([len(chunk) async for chunk in request.content.iter_chunked(1000)])


@routes.post("/reads_a_little")
async def reads_a_little(request: web.Request) -> web.Response:
    return web.Response(body=await request.content.read(5))


@routes.post("/reads_nothing")
async def reads_nothing(_request: web.Request) -> web.Response:
    return web.Response(text="no need")


@routes.get("/raises")
async def raises(_request: web.Request) -> web.Response:
    raise ZeroDivisionError("as it does")


@routes.get("/raises_http")
async def raises_http(_request: web.Request) -> web.Response:
    raise web.HTTPConflict(text="taken", headers={"X-Why": "it is"})


@routes.get("/redirects")
async def redirects(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/text")


@routes.get("/times_out")
async def times_out(_request: web.Request) -> web.Response:
    raise TimeoutError


@routes.get("/raises_late")
async def raises_late(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"so far")
    raise RuntimeError("too late")


@routes.get("/endless")
async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"tick " * 2000)
        await asyncio.sleep(0.01)


@routes.post("/draws")
async def draws(request: web.Request) -> web.Response:
    drawn = uuid.uuid4().hex
    return web.Response(text=f"{drawn} for {await request.text()}")


@routes.get("/later")
async def later(request: web.Request) -> web.Response:
    request.app[TASKS].append(asyncio.create_task(_asked(request, "/later")))
    return web.Response(text="soon")


@routes.get("/asks")
async def asks(request: web.Request) -> web.Response:
    rows = request.app[DATABASE].execute("select n from numbers where n > 1").fetchall()
    answers = await asyncio.gather(*(_asked(request, f"/{n}") for (n,) in rows))
    return web.json_response({"rows": rows, "answers": answers, "by": request["by"]})


@routes.get("/socket")
async def socket(request: web.Request) -> web.WebSocketResponse:
    connection = web.WebSocketResponse(protocols=("chat",))
    await connection.prepare(request)
    await connection.send_str(await _asked(request, "/socket"))
    async for message in connection:
        await connection.send_str(message.data.upper())
    return connection


async def _asked(request: web.Request, path: str) -> str:
    async with request.app[CLIENT].get(os.environ["UPSTREAM_URL"] + path) as response:
        return await response.text()


@web.middleware
async def signed(request: web.Request, handler: Callable[..., Awaitable[Any]]) -> Any:
    request["by"] = await _asked(request, "/middleware") if request.path == "/asks" else ""
    response = await handler(request)
    if not response.prepared:
        response.headers["X-By"] = "middleware"
    return response


async def resources(app: web.Application) -> AsyncIterator[None]:
    database = sqlite3.connect(os.environ.get("DATABASE", ":memory:"))
    database.execute("create table if not exists numbers (n integer)")
    if not database.execute("select * from numbers").fetchall():
        database.executemany("insert into numbers values (?)", [(n,) for n in range(4)])
    database.commit()
    app[TASKS] = []
    async with aiohttp.ClientSession() as client:
        app[CLIENT], app[DATABASE] = client, database
        yield
    database.close()


async def part(request: web.Request) -> web.Response:
    return web.json_response({"item": request.match_info["item"]})


def make() -> web.Application:
    """The application, with one of its own below ``/below``."""
    made = web.Application(middlewares=[signed])
    made.add_routes(routes)
    below = web.Application()
    below.router.add_get("/items/{item}", part)
    made.add_subapp("/below", below)
    made.cleanup_ctx.append(resources)
    return made


async def make_later() -> web.Application:
    """The same, as gunicorn's worker may want it."""
    return make()


app = make()

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]))
