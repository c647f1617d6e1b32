"""An application whose answers are made of clock readings and random draws."""

# ruff: noqa: DTZ002, DTZ005, DTZ011 - applications do read the clock without a time zone

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import random
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import bcrypt
import uuid_utils
import uuid_utils.compat
from fastapi import BackgroundTasks, FastAPI, Request, Response
from pydantic import BaseModel, Field

app = FastAPI()
log = logging.getLogger("application")
dice = random.Random()  # made at import, drawn from in requests
later: list[str] = []


class Order(BaseModel):
    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    placed: dt.datetime = Field(default_factory=dt.datetime.now)


@app.middleware("http")
async def process_time(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    start = time.perf_counter()
    response = await call_next(request)
    response.headers["X-Process-Time"] = str(time.perf_counter() - start)
    response.headers["X-Elapsed-Ns"] = str(time.monotonic_ns())
    response.set_cookie("session", secrets.token_urlsafe(), expires=3600)
    return response


def readings() -> list[str]:
    return [
        str(reading)
        for reading in (
            dt.datetime.now(),
            dt.datetime.now(dt.UTC),
            dt.datetime.today(),
            dt.date.today(),
            time.time(),
            time.time_ns(),
            time.clock_gettime(time.CLOCK_REALTIME),
            tuple(time.gmtime()),
            time.strftime("%H:%M:%S"),
            time.ctime(),
            time.asctime(),
            time.ctime(0),
            time.monotonic(),
            time.perf_counter_ns(),
        )
    ]


def draws() -> list[str]:
    deck = list(range(10))
    random.shuffle(deck)
    return [
        str(drawn)
        for drawn in (
            uuid.uuid1(),
            uuid.uuid4(),
            secrets.token_hex(),
            secrets.choice("abcdef"),
            secrets.randbelow(10**9),
            os.urandom(4).hex(),
            os.getrandom(4).hex(),
            random.random(),
            random.choice("abcdef"),
            random.randint(1, 10**6),
            random.randbytes(3).hex(),
            random.gauss(0, 1),
            random.sample(range(1000), 3),
            random.SystemRandom().random(),
            random.Random().random(),
            dice.uniform(0, 5),
            deck,
        )
    ]


@app.get("/async")
async def in_the_loop() -> dict[str, Any]:
    log.warning("a log record reads the clock too")
    return {"time": readings(), "draws": draws(), "order": Order()}


@app.get("/thread")
def in_a_thread() -> dict[str, Any]:
    return {"time": readings(), "draws": draws()}


@app.get("/gather")
async def at_once() -> list[Any]:
    async def one(number: int) -> Any:
        await asyncio.sleep(0.001 * (3 - number))
        return [number, str(uuid.uuid4()), time.time_ns()]

    return await asyncio.gather(*(one(number) for number in range(3)))


@app.get("/extensions")
async def by_extensions() -> list[Any]:
    own = (uuid_utils.uuid1(), uuid_utils.uuid4(), uuid_utils.uuid6(), uuid_utils.uuid7())
    compatible = (uuid_utils.compat.uuid4(), uuid_utils.compat.uuid7(), uuid_utils.compat.uuid6())
    salts = (bcrypt.gensalt(4), bcrypt.gensalt(rounds=5))
    return [*(f"{type(drawn)} {drawn}" for drawn in (*own, *compatible)), *salts]


@app.get("/background")
async def afterwards(tasks: BackgroundTasks) -> str:
    tasks.add_task(lambda: later.append(f"{uuid.uuid4()} {dt.datetime.now()}"))
    return str(uuid.uuid4())


@app.get("/later")
async def what_was_done_afterwards() -> list[str]:
    return later


@app.get("/seeded")
async def seeded() -> list[float]:
    random.seed(1)
    return [random.random(), random.gauss(0, 1)]
