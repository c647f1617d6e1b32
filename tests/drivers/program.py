"""All cases with one driver, in a process of its own: recorded, or replayed.

``python -m tests.drivers.program record|replay DRIVER FOLDER`` with the address as JSON in
``ADDRESS``; writes one snapshot a case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.trace import SpanKind

import timetracer_otel
from tests.drivers.bench import ASYNCHRONOUS, CASES, Bench, has_case
from tests.sql.snapshots import error_snapshot
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin_entry
from timetracer_otel.recording.guard import FAULTS

GROUPS = (
    "shared",
    "psycopg2_cases",
    "aiopg_cases",
    "psycopg_cases",
    "psycopg_streams_cases",
    "sqlite_cases",
    "aiosqlite_cases",
    "pymysql_cases",
    "mysqlclient_cases",
    "aiomysql_cases",
    "value_cases",
)

for _group in GROUPS:
    import_module(f"tests.drivers.cases.{_group}")  # they enter their cases


async def run_all(driver: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    address = json.loads(os.environ["ADDRESS"])
    for name in os.environ.get("CASES", "").split() or CASES:
        if not has_case(driver, name):
            continue
        bench = Bench(driver, name, address)
        try:
            returned = CASES[name].function(bench)
            if inspect.isawaitable(returned):
                await returned
        except Exception as error:  # noqa: BLE001 - it is what is compared
            bench.seen.append({"escaped": error_snapshot(error)})
        found[name] = bench.seen
    return found


def run_now(driver: str) -> dict[str, Any]:
    """Without a loop: drivers that wait would block one."""
    running = run_all(driver)
    try:
        running.send(None)
    except StopIteration as done:
        found: dict[str, Any] = done.value
        return found
    raise AssertionError("a case of a synchronous driver waited")


def main(mode: str, driver: str, folder: Path) -> None:
    logging.basicConfig(level=logging.ERROR)
    timetracer_otel.instrument()
    tracer = otel.get_tracer("tests")
    with tracer.start_as_current_span("GET /all", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/all", []))
        assert entry is not None
        found = asyncio.run(run_all(driver)) if driver in ASYNCHRONOUS else run_now(driver)
        entry.answered(HttpResponseRef(200, []))
    timetracer_otel.shutdown()
    (folder / f"{mode}.json").write_text(json.dumps(found))
    assert not FAULTS, FAULTS


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
