"""Weather stations, for a machine that has none."""

from __future__ import annotations

import random

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

CELSIUS = {"oslo": 3, "rome": 17, "lima": 21}


async def reading(request: Request) -> Response:
    city = request.path_params["city"]
    if city == "lima":
        return PlainTextResponse("out of order")
    if city not in CELSIUS:
        return JSONResponse({"unknown": city}, 404)
    celsius = round(random.gauss(CELSIUS[city], 2), 1)
    return JSONResponse({"city": city, "celsius": celsius}, headers={"x-station": city[:2]})


async def seen(request: Request) -> Response:
    return JSONResponse({"seen": len(await request.body())}, 202)


app = Starlette(
    routes=[Route("/readings/{city}", reading), Route("/seen", seen, methods=["POST"])],
)
