"""All cases with one kind of engine, in a process of its own: recorded, or replayed.

``python -m tests.sql.program record|replay KIND FOLDER`` with the addresses in the environment;
writes one snapshot a case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy.util import greenlet_spawn

import timetracer_otel
from tests.conformance import in_one_request, write
from tests.sql.bench import ASYNCHRONOUS, CASES, Bench, has_case
from tests.sql.snapshots import error_snapshot
from timetracer_otel.recording.guard import FAULTS

GROUPS = ("core", "results", "orm", "kinds", "errors", "pools", "schemas", "driver", "tasks")

for _group in GROUPS:
    import_module(f"tests.sql.cases.{_group}")  # they enter their cases


def wanted(kind: str) -> list[str]:
    names = os.environ.get("CASES", "").split() or list(CASES)
    return [name for name in names if has_case(kind, name)]


def run_now(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in wanted(kind):
        bench = Bench(kind, name)
        try:
            CASES[name].function(bench)
            bench.close()
        except Exception as error:  # noqa: BLE001 - it is what is compared
            bench.seen.append({"escaped": error_snapshot(error)})
        found[name] = bench.seen
    return found


async def run_later(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in wanted(kind):
        bench = Bench(kind, name)
        function = CASES[name].function
        try:
            if inspect.iscoroutinefunction(function):
                await function(bench)
            else:
                await greenlet_spawn(function, bench)
            await greenlet_spawn(bench.close)
        except Exception as error:  # noqa: BLE001 - it is what is compared
            bench.seen.append({"escaped": error_snapshot(error)})
        found[name] = bench.seen
    return found


def main(mode: str, kind: str, folder: Path) -> None:
    logging.basicConfig(level=logging.ERROR)
    timetracer_otel.instrument()
    asynchronous = kind in ASYNCHRONOUS
    found = in_one_request(lambda: asyncio.run(run_later(kind)) if asynchronous else run_now(kind))
    write(folder, mode, found)
    assert not FAULTS, FAULTS


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
