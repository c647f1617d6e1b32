"""Tickets for shows: what is free at which price, and bookings of the best seat."""

from __future__ import annotations

import os
import secrets
from asyncio import TaskGroup
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException

HALL_URL = os.environ.get("HALL_URL", "http://127.0.0.1:8501")


@asynccontextmanager
async def hall(app: Litestar) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=HALL_URL) as client:
        app.state.hall = client
        yield


@dataclass
class Booking:
    show: str
    name: str


async def ask(state: State, path: str) -> Any:
    answer = await state.hall.get(path)
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFoundException("no such show")
    return answer.raise_for_status().json()


async def priced(state: State, show: str) -> dict[str, Decimal]:
    free = (await ask(state, f"/shows/{show}/seats"))["free"]
    async with TaskGroup() as group:
        asked = {seat: group.create_task(ask(state, f"/prices/{seat[0]}")) for seat in free}
    return {seat: Decimal(task.result()["price"]) for seat, task in asked.items()}


@get("/shows/{show:str}")
async def show(show: str, state: State) -> dict[str, Decimal]:
    return await priced(state, show)


@post("/bookings")
async def book(data: Booking, state: State) -> dict[str, Any]:
    seats = await priced(state, data.show)
    best = max(seats, key=lambda seat: seats[seat])  # nobody thought of a show that is sold out
    (await state.hall.post(f"/shows/{data.show}/seats/{best}")).raise_for_status()
    return {"for": data.name, "seat": best, "price": seats[best], "code": secrets.token_hex(4)}


app = Litestar([show, book], lifespan=[hall])
