"""All cases with one client, in a process of its own: recorded, or replayed.

``python -m tests.smtp.program record|replay CLIENT FOLDER`` with the addresses in the environment;
writes what each case saw to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel

import timetracer_otel
from tests.conformance import in_one_request, write
from tests.smtp import aiosmtplib_cases  # noqa: F401 - it enters its cases
from tests.smtp.cases import CASES, Caller


async def run_all(client: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    tracer = otel.get_tracer("tests")
    for name, run in CASES[client].items():
        with tracer.start_as_current_span(name):
            caller = Caller()
            try:
                returned = run(caller)
                if inspect.isawaitable(returned):
                    await returned
            except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
                caller.note(error)
            found[name] = caller.seen
    return found


if __name__ == "__main__":
    timetracer_otel.instrument()
    mode, client, folder = sys.argv[1:]
    write(Path(folder), mode, in_one_request(lambda: asyncio.run(run_all(client))))
