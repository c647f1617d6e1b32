"""Every case with asyncpg, in a process of its own: recorded, or replayed.

``python -m tests.asyncpg_driver.program record|replay FOLDER DSN``; writes one snapshot a case to
``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.trace import SpanKind

import timetracer_otel
from tests.asyncpg_driver import cases, types
from tests.asyncpg_driver.caller import CASES, Caller, plain
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin_entry

assert all((cases, types))  # they enter their cases


async def run_all(dsn: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, case in CASES.items():
        caller = Caller(dsn)
        await _run(case, caller)
        found[name] = plain(caller.seen)
    return found


async def _run(case: Callable[[Caller], Awaitable[None]], caller: Caller) -> None:
    try:
        await case(caller)
    except Exception as error:  # noqa: BLE001 - an escape is part of what is compared
        caller.failed(error)


def main(mode: str, folder: Path, dsn: str) -> None:
    timetracer_otel.instrument()
    tracer = otel.get_tracer("tests")
    with tracer.start_as_current_span("GET /all", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/all", []))
        assert entry is not None
        found = asyncio.run(run_all(dsn))
        entry.answered(HttpResponseRef(200, []))
    timetracer_otel.shutdown()
    (folder / f"{mode}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
