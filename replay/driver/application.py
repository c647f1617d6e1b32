"""An application of any kind while recorded requests are sent to it, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from timetracer_otel.applications import kind_of
from timetracer_otel.cassette import Cassette
from timetracer_otel.replay.driver import aiohttp_web, in_process, wsgi
from timetracer_otel.replay.driver.in_process import import_application

__all__ = ["import_application", "running", "send"]


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[Any]:
    """`app` between the start and the end of its lifespan, if it is of the kind that has one.

    Gives what `send` is to be given with each request.
    """
    kind = kind_of(app)
    if kind == "wsgi":
        yield None
        return
    if kind == "aiohttp":
        async with aiohttp_web.running(app) as address:
            yield address
        return
    async with in_process.running(app) as state:
        yield state


async def send(app: Any, cassette: Cassette, *state: Any) -> None:
    """Send the recorded entry; the answer is in the replay's own recording."""
    kind = kind_of(app)
    if kind == "aiohttp":
        await aiohttp_web.send(cassette, *state)
    elif kind == "wsgi":
        with _no_event_loop():
            wsgi.send(app, cassette)
    else:
        await in_process.send(app, cassette, *state)


@contextmanager
def _no_event_loop() -> Iterator[None]:
    """A WSGI application has the thread for itself, and may run a loop of its own."""
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
