"""Requests to the service, recorded: ``python -m tests.aiohttp_client.served PATH…``.

The session of the path ``early`` is made before recording begins, and used after.
"""

from __future__ import annotations

import asyncio
import os
import sys

import aiohttp
import httpx
from opentelemetry import trace as otel
from opentelemetry.trace import SpanKind

import timetracer_otel
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin_entry


async def early(session: aiohttp.ClientSession) -> None:
    with otel.get_tracer("tests").start_as_current_span("GET /early", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/early", []))
        assert entry is not None
        async with session.get(f"{os.environ['URL']}/json") as response:
            await response.read()
        entry.answered(HttpResponseRef(200, []))


async def ask(paths: list[str]) -> None:
    from tests.aiohttp_client.service import app

    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as client,
    ):
        for path in paths:
            answer = await client.get(f"/{path}")
            assert answer.status_code == 200, answer.text
        assert timetracer_otel.recording.active_recorder().flush()  # type: ignore[union-attr]


async def main(paths: list[str]) -> None:
    async with aiohttp.ClientSession() as session:
        timetracer_otel.instrument()
        if "early" in paths:
            await early(session)
        await ask([path for path in paths if path != "early"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    timetracer_otel.shutdown()
