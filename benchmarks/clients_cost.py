"""What recording costs each HTTP client: ``python -m benchmarks.clients_cost``.

Microseconds at p50 for one small GET over a kept connection, the variants taking turns, so that
the machine's own drift hits all; and how much memory a streamed download takes.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from benchmarks.upstream import upstream

__all__ = ["ROUNDS", "VARIANTS", "inbound", "measure", "start", "table"]

VARIANTS = ["bare", "otel", "recording"]
CALLS = 40
ROUNDS = 40

Times = list[float]
_OTEL = {
    "aiohttp_client": "AioHttpClientInstrumentor",
    "httpx": "HTTPXClientInstrumentor",
    "requests": "RequestsInstrumentor",
    "urllib": "URLLibInstrumentor",
    "urllib3": "URLLib3Instrumentor",
}


def _timed(call: Callable[[], object]) -> Callable[[], Times]:
    def times() -> Times:
        taken = []
        for _ in range(CALLS):
            begun = time.perf_counter()
            call()
            taken.append((time.perf_counter() - begun) * 1e6)
        return taken

    return times


def _timed_on(
    loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[object]]
) -> Callable[[], Times]:
    async def times() -> Times:
        taken = []
        for _ in range(CALLS):
            begun = time.perf_counter()
            await call()
            taken.append((time.perf_counter() - begun) * 1e6)
        return taken

    return lambda: loop.run_until_complete(times())


def _httpx(url: str) -> Callable[[], Times]:
    import httpx

    client = httpx.Client(trust_env=False)
    return _timed(lambda: client.get(url).content)


def _httpx_async(url: str) -> Callable[[], Times]:
    import httpx

    client = httpx.AsyncClient(trust_env=False)
    return _timed_on(asyncio.new_event_loop(), lambda: client.get(url))


def _aiohttp(url: str) -> Callable[[], Times]:
    import aiohttp

    sessions: list[aiohttp.ClientSession] = []

    async def get() -> bytes:
        if not sessions:
            sessions.append(aiohttp.ClientSession())
        async with sessions[0].get(url) as response:
            return await response.read()

    return _timed_on(asyncio.new_event_loop(), get)


def _requests(url: str) -> Callable[[], Times]:
    import requests

    session = requests.Session()
    session.trust_env = False
    return _timed(lambda: session.get(url).content)


def _urllib3(url: str) -> Callable[[], Times]:
    import urllib3

    pool = urllib3.PoolManager()
    return _timed(lambda: pool.request("GET", url).data)


def _urllib(url: str) -> Callable[[], Times]:
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return _timed(lambda: opener.open(url).read())


def _http_client(url: str) -> Callable[[], Times]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def get() -> bytes:
        connection.request("GET", "/")
        return connection.getresponse().read()

    return _timed(get)


CLIENTS: dict[str, Callable[[str], Callable[[], Times]]] = {
    "httpx": _httpx,
    "httpx, async": _httpx_async,
    "aiohttp": _aiohttp,
    "requests": _requests,
    "urllib3": _urllib3,
    "urllib": _urllib,
    "http.client": _http_client,
}
"""The times of some calls by one client, whose connection is kept."""


def start(variant: str, folder: str) -> Any:
    """Set the variant up; a tracer for all but `bare`."""
    logging.disable(logging.CRITICAL)
    if variant == "bare":
        return None
    from opentelemetry import trace

    if variant == "recording":
        import timetracer_otel

        timetracer_otel.instrument(dir=folder, banner=False)
    else:
        from importlib import import_module

        from opentelemetry.sdk.trace import TracerProvider

        trace.set_tracer_provider(TracerProvider())
        for module, instrumentor in _OTEL.items():
            found = import_module(f"opentelemetry.instrumentation.{module}")
            getattr(found, instrumentor)().instrument()
    return trace.get_tracer("benchmark")


@contextmanager
def inbound(tracer: Any) -> Iterator[None]:
    """A request that is being served, as far as the variant knows of such."""
    if tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind

    from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
    from timetracer_otel.recording import begin_entry

    with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/", []))
        yield
        if entry is not None:
            entry.answered(HttpResponseRef(200, []))


def serve(variant: str, url: str) -> None:
    """Answer each line, the name of a client, by the times of its calls."""
    with tempfile.TemporaryDirectory() as folder:
        tracer = start(variant, folder)
        calls = {client: make(url) for client, make in CLIENTS.items()}
        print("ready", flush=True)
        for line in sys.stdin:
            with inbound(tracer):
                taken = calls[line.strip()]()
            print(json.dumps(taken), flush=True)


def measure(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Microseconds at p50, by client and variant."""
    taken: dict[str, dict[str, Times]] = {c: {v: [] for v in VARIANTS} for c in CLIENTS}
    with upstream() as url, ExitStack() as stack:
        running = {v: stack.enter_context(_running(v, url)) for v in VARIANTS}
        for turn in range(rounds + 2):
            print(f"\rclients {turn + 1}/{rounds + 2} ", end="", file=sys.stderr)
            for client, by_variant in taken.items():
                for variant, child in running.items():
                    times = _ask(child, client)
                    by_variant[variant] += times if turn > 1 else []
    print(file=sys.stderr)
    return {c: {v: statistics.median(t) for v, t in by.items()} for c, by in taken.items()}


@contextmanager
def _running(variant: str, url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.clients_cost", variant, url]
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    try:
        assert child.stdout is not None
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"variant {variant} did not start")
        yield child
    finally:
        child.terminate()
        child.wait(10)


def _ask(child: subprocess.Popen[str], client: str) -> Times:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(f"{client}\n")
    child.stdin.flush()
    taken: Times = json.loads(child.stdout.readline())
    return taken


def table(measured: dict[str, dict[str, float]]) -> str:
    """Markdown: microseconds, and in brackets the ratio to OpenTelemetry alone."""
    lines = ["| | " + " | ".join(VARIANTS) + " |", "|---" * (len(VARIANTS) + 1) + "|"]
    for client, by in measured.items():
        cells = [f"{by[v]:.0f} ({by[v] / by['otel']:.2f}×)" for v in VARIANTS]
        lines.append(f"| {client} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(*sys.argv[1:])
    else:
        print(table(measure()))
