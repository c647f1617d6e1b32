"""Weather reports: one city, or all of them row by row as the stations answer."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

STATIONS_URL = os.environ.get("STATIONS_URL", "http://127.0.0.1:8401")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=STATIONS_URL) as stations:
        yield {"stations": stations}


async def reading(stations: httpx.AsyncClient, city: str) -> dict[str, Any]:
    answer = await stations.get(f"/readings/{city}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, f"no station in {city}")
    found: dict[str, Any] = answer.json()  # a station that is out of order says so in words
    return found


async def city(request: Request) -> Response:
    stations: httpx.AsyncClient = request.state.stations
    found = await reading(stations, request.path_params["city"])
    found["asked"] = datetime.now(UTC).isoformat()
    return JSONResponse(found, background=BackgroundTask(stations.post, "/seen", json=found))


async def report(request: Request) -> Response:
    async def rows() -> AsyncIterator[str]:
        yield "city,celsius\n"
        for name in request.query_params.getlist("city"):
            found = await reading(request.state.stations, name)
            yield f"{name},{found['celsius']}\n"

    return StreamingResponse(rows(), media_type="text/csv")


app = Starlette(
    routes=[Route("/cities/{city}", city), Route("/report.csv", report)],
    lifespan=lifespan,
)
