"""A small service that ends in as many ways as there are."""

from __future__ import annotations

import asyncio
import os
import signal

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


@app.get("/items/{number}")
async def item(number: int) -> dict[str, int]:
    return {"item": number, "process": os.getpid()}


@app.get("/ends/{how}")
async def ends(how: str, tasks: BackgroundTasks) -> str:
    """Answers, and ends the process as soon as the answer is out."""
    tasks.add_task(_end, how)
    return how


async def _end(how: str) -> None:
    loop = asyncio.get_running_loop()
    numbers = {"sigterm": signal.SIGTERM, "interrupt": signal.SIGINT, "sigkill": signal.SIGKILL}
    if how == "exit":
        loop.call_later(0.005, os._exit, 3)
    else:
        delay = 0.3 if how == "sigkill" else 0.005
        loop.call_later(delay, os.kill, os.getpid(), numbers[how])
