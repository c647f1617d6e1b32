"""A currency desk: quotes by the rates of the moment, and orders up to a limit."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

RATES_URL = os.environ.get("RATES_URL", "http://127.0.0.1:8601")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(RATES_URL) as session:
        app.state.session = session
        yield


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    sell: str
    buy: str
    amount: float


async def ask(path: str) -> Any:
    async with app.state.session.get(path) as response:
        if response.status == HTTPStatus.NOT_FOUND:
            raise HTTPException(HTTPStatus.NOT_FOUND, (await response.json())["detail"])
        response.raise_for_status()
        return await response.json()


async def convert(amount: float, sell: str, buy: str) -> float:
    sold, bought = await asyncio.gather(ask(f"/rates/{sell}"), ask(f"/rates/{buy}"))
    return round(amount * sold["euros"] / bought["euros"], 2)


@app.get("/quote")
async def quote(amount: float, sell: str, buy: str) -> dict[str, Any]:
    got = await convert(amount, sell, buy)
    return {"buy": buy, "amount": got, "as_of": datetime.now(UTC).isoformat()}


@app.post("/orders", status_code=201)
async def order(order: Order) -> dict[str, Any]:
    amount = await convert(order.amount, order.sell, order.buy)
    if order.amount > (await ask("/limits"))[order.sell]:  # not every currency has one
        raise HTTPException(422, "over the limit")
    return {"order": str(uuid.uuid4()), "amount": amount}
