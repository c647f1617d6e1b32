"""All cases in a process of its own: recorded, or replayed.

``python -m tests.aiohttp_client.program record|replay LOOP FOLDER`` with the addresses in the
environment; writes one snapshot a case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import timetracer_otel
from tests.aiohttp_client import answers, breaks, connections, streams, uploads
from tests.aiohttp_client.caller import CASES, Caller
from tests.aiohttp_client.snapshots import error_snapshot
from tests.conformance import in_one_request, write
from timetracer_otel.recording.guard import FAULTS

assert all((answers, breaks, connections, streams, uploads))  # they enter their cases


_PATIENCE_S = 20.0
"""What hangs is a case that fails; the others go on."""


async def run_all() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in os.environ.get("CASES", "").split() or CASES:
        caller = Caller()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await CASES[name](caller)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            caller.note(escaped=error_snapshot(error))
        found[name] = caller.seen
    return found


def run(loop: str, cases: Any) -> Any:
    if loop == "uvloop":
        import uvloop

        return uvloop.run(cases)
    return asyncio.run(cases)


def main(mode: str, loop: str, folder: Path) -> None:
    timetracer_otel.instrument()
    found = in_one_request(lambda: run(loop, run_all()))
    found["faults"] = dict(FAULTS)
    write(folder, mode, found)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
