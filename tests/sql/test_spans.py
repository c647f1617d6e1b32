"""A statement has one span, which ends: its trace is written when the request is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT

_PROGRAM = """
import timetracer_otel

recorder = timetracer_otel.instrument()

import asyncio, json
from opentelemetry import trace
from sqlalchemy import text  # before the module of async engines, as applications do
from sqlalchemy.ext.asyncio import create_async_engine
from timetracer_otel.otel.start import active_recorder


async def main():
    engine = create_async_engine("sqlite+aiosqlite://")
    with trace.get_tracer("tests").start_as_current_span("GET /", kind=trace.SpanKind.SERVER):
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    open_traces = len(active_recorder()._open)
    await engine.dispose()
    print(json.dumps(open_traces))


asyncio.run(main())
"""


def test_a_statement_of_an_async_engine_holds_no_trace_open(tmp_path: Path) -> None:
    environ = {**os.environ, "TIMETRACER_BANNER": "0", "TIMETRACER_DIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == 0
