"""The concert hall that holds the seats, for a machine that has none."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, get, post
from litestar.exceptions import NotFoundException

FREE = {"fidelio": ["A1", "A2", "B7"], "tosca": []}
PRICES = {"A": "90.00", "B": "45.50"}


@get("/shows/{name:str}/seats", sync_to_thread=False)
def seats(name: str) -> dict[str, Any]:
    if name not in FREE:
        raise NotFoundException(f"no show {name}")
    return {"free": FREE[name]}


@get("/prices/{row:str}", sync_to_thread=False)
def price(row: str) -> dict[str, str]:
    return {"price": PRICES[row]}


@post("/shows/{name:str}/seats/{seat:str}", sync_to_thread=False)
def hold(name: str, seat: str) -> dict[str, str]:
    FREE[name].remove(seat)
    return {"held": seat}


app = Litestar([seats, price, hold])
