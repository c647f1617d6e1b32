"""The same awkwardness by way of Starlette and FastAPI, as their users write it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

import fastapi
import starlette.applications
from fastapi import BackgroundTasks, Body, Depends, Form, UploadFile
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.transparency import bare
from tests.transparency.journal import described, say_for


async def read_twice(request: Request) -> Response:
    first, second = await request.body(), await request.body()
    return JSONResponse([first is second, (await request.json())["page"]])


async def stream_partly(request: Request) -> Response:
    say = say_for(request.headers.raw)
    async for chunk in request.stream():
        say("chunk", some=bool(chunk))
        break
    try:
        await request.body()
    except RuntimeError as error:
        say("consumed", error=described(error))
    return PlainTextResponse("partly")


async def state(request: Request) -> Response:
    say = say_for(request.headers.raw)
    request.state.own = "mine"
    app = request.app
    say(
        "application",
        shared=request.state.shared,
        counted=app.state.counter,
        own=app.state is request.app.state,
        url=str(app.url_path_for("state")),
        whole=str(request.url_for("state")),
        base=isinstance(app, starlette.applications.Starlette),
        same=app is APPLICATION,
        exact=isinstance(app, type(APPLICATION)),
        debug=app.debug,
        paths=sorted(getattr(route, "path", "?") for route in app.routes),
        scope=sorted(set(request.scope) - {"fastapi.telemetry"}),
        client=request.client is not None,
    )
    return JSONResponse([request.state.own, dict(request.cookies), dict(request.query_params)])


async def form(request: Request) -> Response:
    async with request.form() as fields:
        found = [
            (name, value if isinstance(value, str) else [value.filename, len(await value.read())])
            for name, value in fields.multi_items()
        ]
    return JSONResponse(found)


async def streaming(request: Request) -> Response:
    say = say_for(request.headers.raw)

    async def parts() -> AsyncIterator[bytes]:
        try:
            for number in range(5):
                yield b"part %d;" % number
                await asyncio.sleep(0.001)
        finally:
            say("closed")

    return StreamingResponse(parts(), background=BackgroundTask(say, "background"))


async def streaming_endless(request: Request) -> Response:
    say = say_for(request.headers.raw)

    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 100
                await asyncio.sleep(0.005)
        except (asyncio.CancelledError, GeneratorExit):
            # Which of the two is chance: whether the reader's leaving finds it asleep, or at
            # `yield`, waiting for BaseHTTPMiddleware to pass the last part on.
            say("stopped")
            raise
        finally:
            say("closed")

    return StreamingResponse(parts())


async def streaming_fails(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"some"
        raise LookupError("in the stream")

    return StreamingResponse(parts())


async def handled(request: Request) -> Response:
    raise KeyError("known to a handler")


async def unhandled(request: Request) -> Response:
    raise LookupError("unhandled")


async def background_fails(request: Request) -> Response:
    async def fail() -> None:
        say_for(request.headers.raw)("background starts")
        raise LookupError("in the background")

    return PlainTextResponse("sent before", background=BackgroundTask(fail))


def in_a_thread(request: Request) -> Response:
    say_for(request.headers.raw)("thread", own=bare.OWN.get())
    bare.OWN.set("thread")
    return PlainTextResponse("thread")


async def _known(request: Request, error: Exception) -> Response:
    say_for(request.headers.raw)("handler", error=described(error))
    return JSONResponse({"handled": str(error)}, status_code=418)


async def _anything(request: Request, error: Exception) -> Response:
    say_for(request.headers.raw)("last handler", error=described(error))
    return JSONResponse({"failed": str(error)}, status_code=500)


async def _outer(request: Request, call_next: Any) -> Response:
    bare.OWN.set("middleware")
    if request.url.path == "/middleware_fails":
        raise LookupError("in the middleware")
    response: Response = await call_next(request)
    response.headers["x-middleware"] = bare.OWN.get()
    return response


@contextlib.asynccontextmanager
async def _life(app: Any) -> AsyncIterator[dict[str, Any]]:
    say = say_for([])
    if os.environ.get("LIFESPAN_FAILS"):
        raise LookupError("cannot start")
    app.state.counter = 1
    say("lifespan starts", kind=type(app).__mro__[-2].__name__)
    yield {"shared": "by lifespan"}
    say("lifespan ends", counter=app.state.counter)


ROUTES = {
    function.__name__: function
    for function in (
        *(read_twice, stream_partly, state, form, streaming, streaming_endless, streaming_fails),
        *(handled, unhandled, background_fails, in_a_thread),
    )
}
_METHODS = ["GET", "POST", "HEAD"]
_HANDLERS: Any = {KeyError: _known, Exception: _anything}


async def _socket(socket: WebSocket) -> None:
    await bare.application(socket.scope, socket.receive, socket.send)


def starlette_application() -> Any:
    app = starlette.applications.Starlette(
        routes=[Route(f"/{name}", ROUTES[name], methods=_METHODS) for name in ROUTES],
        lifespan=_life,
        exception_handlers=_HANDLERS,
    )
    app.add_middleware(BaseHTTPMiddleware, dispatch=_outer)
    app.mount("/bare", bare.application)
    app.router.routes.append(WebSocketRoute("/socket", _socket))
    app.add_middleware(CORSMiddleware, allow_origins=["http://friend"], allow_methods=["PUT"])
    return app


class User(BaseModel):
    email: str
    password: str
    page: int


def _really() -> str:
    return "the real one"


def fastapi_application() -> Any:  # noqa: C901 - routes
    app = fastapi.FastAPI(lifespan=_life, exception_handlers=_HANDLERS)
    for name, function in ROUTES.items():
        app.add_route(f"/{name}", function, methods=_METHODS)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_outer)
    app.mount("/bare", bare.application)
    app.router.routes.append(WebSocketRoute("/socket", _socket))
    app.add_middleware(CORSMiddleware, allow_origins=["http://friend"], allow_methods=["PUT"])

    @app.post("/users/{number}")
    async def users(number: int, user: User, q: str | None = None) -> dict[str, Any]:
        return {"number": number, "user": user, "q": q}

    @app.post("/login")
    def login(password: Annotated[str, Form()], email: Annotated[str, Form()]) -> list[str]:
        return [password, email]

    @app.post("/upload")
    async def upload(page: UploadFile, note: Annotated[str, Form()]) -> list[Any]:
        return [page.filename, page.content_type, len(await page.read()), note]

    @app.post("/raw")
    async def raw(request: Request, data: Annotated[Any, Body()]) -> Any:
        return [data, len(await request.body())]

    @app.get("/later")
    async def later(request: Request, tasks: BackgroundTasks) -> str:
        say = say_for(request.headers.raw)
        tasks.add_task(say, "first")
        tasks.add_task(asyncio.sleep, 0.01)
        tasks.add_task(say, "second")
        return "later"

    async def resource(request: Request) -> AsyncIterator[str]:
        say = say_for(request.headers.raw)
        say("opened", own=bare.OWN.get())
        bare.OWN.set("dependency")
        try:
            yield "resource"
        except BaseException as error:
            say("passed through", error=described(error))
            raise
        finally:
            say("closed", own=bare.OWN.get())

    @app.get("/depends")
    async def depends(
        used: Annotated[str, Depends(resource)],
        replaced: Annotated[str, Depends(_really)],
        fails: bool = False,
    ) -> list[str]:
        if fails:
            raise fastapi.HTTPException(402, detail={"password": "visible"}, headers={"x-own": "1"})
        return [used, replaced, bare.OWN.get()]

    app.dependency_overrides[_really] = lambda: "an override"
    if os.environ.get("INSTRUMENT_BY_HAND"):
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(app)
    return app


APPLICATION: Any = None
