"""All cases with one client, in a process of its own: recorded, replayed, or without us.

``python -m tests.http.program record|replay|bare CLIENT FOLDER`` with the addresses in the
environment; writes one snapshot a case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel

import timetracer_otel
from tests.conformance import in_one_request, write
from tests.http import answers, breaks, secure, streams, uploads
from tests.http.caller import CASES, Addresses, Caller
from tests.http.snapshots import error_snapshot, plain

assert all((answers, breaks, secure, streams, uploads))  # they enter their cases


async def run_all(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    at = Addresses.from_environment()
    for name in os.environ.get("CASES", "").split() or CASES:
        caller = Caller(kind, at)
        try:
            await CASES[name](caller)
        except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
            caller.note(escaped=error_snapshot(error))
        found[name] = plain(caller.seen)
    return found


def run_now(kind: str) -> dict[str, Any]:
    """Without an event loop: nothing in the cases waits over a synchronous client."""
    running = run_all(kind)
    try:
        running.send(None)
    except StopIteration as ended:
        return dict(ended.value)
    raise AssertionError("a synchronous case waited")


def run_on_uvloop(kind: str) -> dict[str, Any]:
    import uvloop

    return uvloop.run(run_all(kind))


def run_on_trio(kind: str) -> dict[str, Any]:
    import trio

    return dict(trio.run(run_all, kind))


_RUNNERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "sync": run_now,
    "async": lambda kind: asyncio.run(run_all(kind)),
    "uvloop": run_on_uvloop,
    "trio": run_on_trio,
}


def main(mode: str, kind: str, folder: Path) -> None:
    if mode == "bare":
        instrument_without_us()
    else:
        timetracer_otel.instrument()
    run = _RUNNERS[kind.partition("-")[2]]
    write(folder, mode, in_one_request(lambda: run(kind)))


def instrument_without_us() -> None:
    """OpenTelemetry alone: what the application sees then is what it has to see."""
    from opentelemetry.instrumentation.httpx import (
        HTTPX2ClientInstrumentor,
        HTTPXClientInstrumentor,
    )
    from opentelemetry.sdk.trace import TracerProvider

    otel.set_tracer_provider(TracerProvider())
    HTTPXClientInstrumentor().instrument()
    HTTPX2ClientInstrumentor().instrument()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
