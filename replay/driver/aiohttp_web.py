"""An application of aiohttp.web in this very process: served by aiohttp, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import CannotReplay
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.replay.driver.in_process import NO_ENTRY
from timetracer_otel.replay.driver.wire import exchange

__all__ = ["running", "send"]

Address = tuple[str, int]


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[Address]:
    """`app` between its startup and its cleanup, and where it listens meanwhile.

    It may be a runner already, or a coroutine function that makes either. Raises `CannotReplay`
    when it does not start.
    """
    from aiohttp import web

    try:
        found = app if isinstance(app, web.Application | web.BaseRunner) else await app()
        runner = found if isinstance(found, web.BaseRunner) else web.AppRunner(found)
        await runner.setup()
    except Exception as error:
        reason = f"it did not start: {type(error).__name__}: {error}"
        raise CannotReplay(subject="the application", reason=reason) from error
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield host, port
    finally:
        await runner.cleanup()


async def send(cassette: Cassette, address: Address) -> None:
    """Send the recorded entry; the answer is in the replay's own recording too."""
    entry = cassette.entry
    if not isinstance(entry, HttpInteraction):
        raise CannotReplay(subject=cassette.trace_id, reason=NO_ENTRY)
    await asyncio.to_thread(exchange, entry, address)
