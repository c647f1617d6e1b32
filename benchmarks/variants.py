"""One process a variant: sets itself up, then runs requests in-process when told to.

Run as a file in the variant's own environment: ``python variants.py NAME UPSTREAM FOLDER``.
Reads lines ``PATH COUNT`` from standard input, answers each with a JSON list of microseconds,
or with a string that says what failed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

logging.disable(logging.CRITICAL)
sys.path.insert(0, str(Path(__file__).parent))


def otel(folder: Path) -> None:
    """OpenTelemetry alone: the official instrumentors, batches exported to nowhere."""
    _otel_provider()
    _instrument()


def otel_quiet(folder: Path) -> None:
    """The same without the ASGI receive and send spans, which recording leaves out too."""
    _otel_provider()
    _instrument(exclude_spans=["receive", "send"])


def _otel_provider() -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    trace.set_tracer_provider(provider)


def _instrument(**fastapi_options: Any) -> None:
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

    FastAPIInstrumentor().instrument(**fastapi_options)
    HTTPXClientInstrumentor().instrument()
    SQLAlchemyInstrumentor().instrument(skip_dep_check=True)


def recording(folder: Path) -> None:
    """OpenTelemetry and a cassette on disk for every request."""
    import timetracer_otel

    _otel_provider()
    # the libraries whose instrumentors `otel` has, and no others: SQLite's would add its own spans
    capture = ("asgi", "fastapi", "httpx", "sqlalchemy")
    timetracer_otel.instrument(dir=str(folder / "cassettes"), banner=False, capture=capture)


def timetracer16(folder: Path) -> Callable[[Any], None]:
    """The predecessor, recording."""
    from timetracer import TraceConfig
    from timetracer.integrations.fastapi import TimeTracerMiddleware
    from timetracer.plugins.httpx_plugin import enable_httpx
    from timetracer.plugins.sqlalchemy_plugin import enable_sqlalchemy

    enable_httpx()
    enable_sqlalchemy()
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - it prints for every request
    config = TraceConfig(mode="record", cassette_dir=str(folder / "cassettes"))
    return lambda app: app.add_middleware(TimeTracerMiddleware, config=config)


def tusk(folder: Path) -> None:
    """Tusk's drift SDK, recording to files."""
    os.environ["TUSK_DRIFT_MODE"] = "RECORD"
    os.chdir(folder)
    from drift import TuskDrift

    sdk = TuskDrift.initialize(env="bench", sampling_rate=1.0, log_level="silent")
    sdk.mark_app_as_ready()


def bare(folder: Path) -> None:
    """Nothing at all; FastAPI's own telemetry has no provider to report to."""


VARIANTS = {
    function.__name__: function
    for function in (bare, otel, otel_quiet, recording, timetracer16, tusk)
}


def scope_of(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"shop"), (b"accept", b"*/*")],
        "scheme": "http",
        "server": ("shop", 80),
        "client": ("127.0.0.1", 5000),
        "root_path": "",
    }


async def one_request(app: Any, path: str) -> float:
    """Microseconds for one request through the ASGI interface, to its last byte."""
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.sleep(3600)
        sent = True
        return {"type": "http.request", "body": b"", "more_body": False}

    status = 0

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    start = time.perf_counter()
    await app(scope_of(path), receive, send)
    taken = (time.perf_counter() - start) * 1e6
    if status != 200:
        raise RuntimeError(f"{path} answered {status}")
    return taken


async def serve_commands(app: Any, out: Any) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        path, count = line.split()
        try:
            answer: Any = [await one_request(app, path) for _ in range(int(count))]
        except Exception as error:  # noqa: BLE001 - that a peer breaks the application is a result
            answer = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), file=out, flush=True)


def main() -> None:
    name, upstream, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # answers go to `out` alone: Tusk announces itself
    change = VARIANTS[name](folder)
    import shop

    app = shop.make_app(upstream, shop.make_engine(str(folder / "items.db")))
    if change is not None:
        change(app)
    print("ready", file=out, flush=True)
    asyncio.run(serve_commands(app, out))


if __name__ == "__main__":
    main()
