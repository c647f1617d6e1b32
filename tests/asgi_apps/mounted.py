"""Starlette with a sub-application mounted, each with an upstream to ask, and WebSockets."""

from __future__ import annotations

import os
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9")


async def ask(path: str) -> Any:
    async with httpx.AsyncClient(base_url=UPSTREAM) as client:
        return (await client.get(path)).json()


async def home(request: Request) -> JSONResponse:
    return JSONResponse(await ask("/home"))


async def room(request: Request) -> JSONResponse:
    return JSONResponse({"room": request.path_params["name"], **await ask("/room")})


async def talk(socket: WebSocket) -> None:
    await socket.accept(subprotocol="chat")
    async for said in socket.iter_text():
        await socket.send_text(f"{said} {(await ask('/said'))['path']}")


async def refuse(socket: WebSocket) -> None:
    await socket.close()


api = FastAPI()


@api.get("/things/{number}")
async def thing(number: int) -> Any:
    return {"thing": number, **await ask("/thing")}


app = Starlette(
    routes=[
        Route("/", home),
        Mount("/hotel", Starlette(routes=[Route("/rooms/{name}", room)])),
        Mount("/api", api),
        WebSocketRoute("/ws", talk),
        WebSocketRoute("/refused", refuse),
    ]
)
