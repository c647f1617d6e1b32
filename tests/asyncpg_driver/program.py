"""Every case with asyncpg, in a process of its own: recorded, or replayed.

``python -m tests.asyncpg_driver.program record|replay FOLDER DSN``; writes one snapshot a case to
``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import timetracer_otel
from tests.asyncpg_driver import cases, types
from tests.asyncpg_driver.caller import CASES, Caller, plain
from tests.conformance import in_one_request, write

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
    write(folder, mode, in_one_request(lambda: asyncio.run(run_all(dsn))))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
