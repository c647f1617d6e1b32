"""Two services: the front asks the back, which asks the upstream."""

from __future__ import annotations

import os
from typing import Any

import httpx
from fastapi import FastAPI

NEXT = os.environ.get("NEXT", "http://127.0.0.1:9")

app = FastAPI()


@app.get("/front/{number}")
async def front(number: int) -> Any:
    async with httpx.AsyncClient(base_url=NEXT) as client:
        return {"front": number, "back": (await client.get(f"/back/{number}")).json()}


@app.get("/back/{number}")
async def back(number: int) -> Any:
    async with httpx.AsyncClient(base_url=NEXT) as client:
        return {"back": number, "upstream": (await client.get("/deep")).json()}
