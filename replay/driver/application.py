"""An application of either kind while recorded requests are sent to it, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from timetracer_otel.applications import kind_of
from timetracer_otel.cassette import Cassette
from timetracer_otel.replay.driver import in_process, wsgi
from timetracer_otel.replay.driver.in_process import import_application

__all__ = ["import_application", "run", "running", "send"]

T = TypeVar("T")


def run(app: Any, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. Around a WSGI application there is no event loop: it may run its own."""
    if kind_of(app) == "asgi":
        return asyncio.run(work)
    try:
        work.send(None)
    except StopIteration as returned:
        result: T = returned.value
        return result
    raise RuntimeError("sending to a WSGI application waited for something")


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[None]:
    """`app` between the start and the end of its lifespan, if it is of the kind that has one."""
    if kind_of(app) == "wsgi":
        yield
        return
    async with in_process.running(app):
        yield


async def send(app: Any, cassette: Cassette) -> None:
    """Send the recorded entry; the answer is in the replay's own recording."""
    if kind_of(app) == "wsgi":
        wsgi.send(app, cassette)
    else:
        await in_process.send(app, cassette)
