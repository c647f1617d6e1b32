"""The application that `timetracer replay` is tested with. It talks."""

from __future__ import annotations

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def hello(request: Request) -> JSONResponse:
    print("hello from the application", flush=True)
    greeting = os.environ.get("GREETING", "hello")
    return JSONResponse({greeting: request.path_params["name"]})


app = Starlette(routes=[Route("/hello/{name}", hello)])
