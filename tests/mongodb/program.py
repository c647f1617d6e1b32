"""All cases with every kind of client, in a process of its own: recorded, or replayed.

``python -m tests.mongodb.program record|replay FOLDER KIND…`` with the addresses in the
environment; writes one snapshot a kind and case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.trace import SpanKind

import timetracer_otel

timetracer_otel.instrument()

from tests.mongodb import failures, reading, writing  # noqa: E402 - imported when it is instrumented
from tests.mongodb.caller import CASES, Caller  # noqa: E402
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef  # noqa: E402
from timetracer_otel.recording import begin_entry  # noqa: E402

assert all((failures, reading, writing))  # they enter their cases


async def run_all(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    tracer = otel.get_tracer("tests")
    for name in os.environ.get("CASES", "").split() or CASES:
        with tracer.start_as_current_span(f"{kind} {name}"):
            caller = Caller(kind, name)
            try:
                await CASES[name](caller)
            except Exception as error:  # noqa: BLE001 - it is an outcome, and a test asks for it
                caller.note("escaped", error)
            await caller.close()
            found[name] = caller.seen
    return found


def run_now(kind: str) -> dict[str, Any]:
    """Without an event loop: nothing in the cases waits over a synchronous client."""
    running = run_all(kind)
    try:
        running.send(None)
    except StopIteration as ended:
        return dict(ended.value)
    raise AssertionError("a synchronous case waited")


def main(mode: str, folder: Path, kinds: list[str]) -> None:
    warnings.simplefilter("ignore")
    tracer = otel.get_tracer("tests")
    found = {}
    with tracer.start_as_current_span("GET /all", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/all", []))
        assert entry is not None
        for kind in kinds:
            found[kind] = run_now(kind) if kind == "pymongo" else asyncio.run(run_all(kind))
        entry.answered(HttpResponseRef(200, []))
    timetracer_otel.shutdown()
    (folder / f"{mode}.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
