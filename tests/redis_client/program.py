"""All cases with every kind of client, in a process of its own: recorded, or replayed.

``python -m tests.redis_client.program record|replay FOLDER KIND…`` with the addresses in the
environment; writes one snapshot a kind and case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel

if "HIREDIS" not in os.environ:
    sys.modules["hiredis"] = None  # type: ignore[assignment]  # as if it were not installed

import timetracer_otel
from tests.conformance import in_one_request, write
from tests.redis_client import commands, connections, flows
from tests.redis_client.caller import CASES, Caller, error_of

assert all((commands, connections, flows))  # they enter their cases


async def run_all(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    tracer = otel.get_tracer("tests")
    for name in os.environ.get("CASES", "").split() or CASES:
        with tracer.start_as_current_span(f"{kind} {name}"):
            caller = Caller(kind)
            try:
                await CASES[name](caller)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
                caller.seen.append({"escaped": error_of(error)})
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
    timetracer_otel.instrument()
    found = in_one_request(
        lambda: {
            kind: asyncio.run(run_all(kind)) if "async" in kind else run_now(kind) for kind in kinds
        }
    )
    write(folder, mode, found)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
