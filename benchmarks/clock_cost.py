"""What recording the clock and the draws costs: ``python -m benchmarks.clock_cost``.

Prints nanoseconds for one read or draw, by where it is made, and microseconds at p50 for a
FastAPI request that reads none, and one that reads the clock four times and draws twice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.variants import one_request

CALLS = {
    "time.time()": time.time,
    "datetime.now()": dt.datetime.now,
    "time.perf_counter()": lambda: time.perf_counter(),  # noqa: PLW0108 - looked up at each call
    "random.random()": lambda: random.random(),  # noqa: PLW0108 - likewise
    "os.urandom(16)": lambda: os.urandom(16),
    "uuid4()": uuid.uuid4,
}
VARIANTS = {
    "neither": {"clock": False, "randomness": False},
    "clock": {"clock": True, "randomness": False},
    "both": {"clock": True, "randomness": True},
}
ROUNDS = 9
REQUESTS = 1000


def nanoseconds() -> dict[str, int]:
    """The best of five, per call."""
    return {
        name: round(min(timeit.repeat(call, number=20_000, repeat=5)) / 20_000 * 1e9)
        for name, call in CALLS.items()
    }


def calls() -> str:
    """Markdown: each call without us, outside of a request, and inside of one."""
    import timetracer_otel.capture
    from timetracer_otel.libraries import Installation
    from timetracer_otel.recording import trace

    trace.MAX_READS = trace.MAX_DRAWS = trace.MAX_DRAWN_BYTES = 10**12
    bare = nanoseconds()
    Installation(timetracer_otel.capture).install(("none",))
    with _recorder() as tracer:
        outside = nanoseconds()
        with tracer.start_as_current_span("request"):
            inside = nanoseconds()
    lines = ["| ns | not captured | outside of a request | inside |", "|---|---|---|---|"]
    lines += [f"| `{n}` | {bare[n]} | {outside[n]} | {inside[n]} |" for n in CALLS]
    return "\n".join(lines)


@contextmanager
def _recorder() -> Iterator[Any]:
    from opentelemetry.sdk.trace import TracerProvider

    from timetracer_otel.recording import Recorder
    from timetracer_otel.recording.processor import RecordingSpanProcessor
    from timetracer_otel.settings import Settings

    recorder = Recorder(Settings())
    provider = TracerProvider()
    provider.add_span_processor(RecordingSpanProcessor(recorder))
    recorder.activate()
    yield provider.get_tracer("benchmark")
    recorder.deactivate()


def serve(variant: str) -> None:
    """p50 of both requests, in a process of their own."""
    import timetracer_otel

    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        timetracer_otel.instrument(dir=folder, banner=False, **VARIANTS[variant])
        taken = asyncio.run(_requests())
        timetracer_otel.shutdown()
    print(json.dumps(taken))


async def _requests() -> dict[str, float]:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/plain")
    async def plain() -> str:
        return "plain"

    @app.get("/reads")
    async def reads() -> list[str]:
        start = time.perf_counter()
        found = [dt.datetime.now(dt.UTC), time.time(), uuid.uuid4(), random.random()]
        return [str(value) for value in (*found, time.perf_counter() - start)]

    taken = {}
    for path in ("/plain", "/reads"):
        for _ in range(REQUESTS // 4):
            await one_request(app, path)
        times = [await one_request(app, path) for _ in range(REQUESTS)]
        taken[path] = statistics.median(times)
    return taken


def requests() -> str:
    """Markdown: the median of the rounds' p50; the variants take turns."""
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    for _ in range(ROUNDS):
        for name, rounds in taken.items():
            command = [sys.executable, "-m", "benchmarks.clock_cost", name]
            rounds.append(json.loads(subprocess.check_output(command, text=True)))
    lines = ["| p50, µs | neither | clock | clock and draws |", "|---|---|---|---|"]
    for path in ("/plain", "/reads"):
        p50 = [statistics.median(r[path] for r in rounds) for rounds in taken.values()]
        lines.append(f"| `{path}` | " + " | ".join(f"{value:.0f}" for value in p50) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        print(calls(), requests(), sep="\n\n")
