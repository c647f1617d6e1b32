"""What recording costs the clients on `http.client`: ``python -m benchmarks.clients_cost``.

Prints microseconds at p50 for one small GET over a kept connection, and how much memory a
streamed download adds. The variants take turns, so that the machine's own drift hits all.
"""

from __future__ import annotations

import http.client
import json
import logging
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from benchmarks.upstream import upstream

VARIANTS = ["bare", "otel", "recording"]
CLIENTS = ["requests", "urllib3", "urllib", "http.client"]
CALLS = 40
ROUNDS = 40
DOWNLOAD_MB = 200


def caller(client: str, url: str) -> Callable[[], object]:
    """One GET with a client whose connection is kept."""
    if client == "requests":
        import requests

        session = requests.Session()
        session.trust_env = False
        return lambda: session.get(url).content
    if client == "urllib3":
        import urllib3

        pool = urllib3.PoolManager()
        return lambda: pool.request("GET", url).data
    if client == "urllib":
        import urllib.request

        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return lambda: opener.open(url).read()
    connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def get() -> object:
        connection.request("GET", "/")
        return connection.getresponse().read()

    return get


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
        from opentelemetry.instrumentation.requests import RequestsInstrumentor
        from opentelemetry.instrumentation.urllib import URLLibInstrumentor
        from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
        from opentelemetry.sdk.trace import TracerProvider

        trace.set_tracer_provider(TracerProvider())
        for instrumentor in (RequestsInstrumentor, URLLibInstrumentor, URLLib3Instrumentor):
            instrumentor().instrument()
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
        calls = {client: caller(client, url) for client in CLIENTS}
        print("ready", flush=True)
        for line in sys.stdin:
            taken = []
            with inbound(tracer):
                for _ in range(CALLS):
                    begun = time.perf_counter()
                    calls[line.strip()]()
                    taken.append((time.perf_counter() - begun) * 1e6)
            print(json.dumps(taken), flush=True)


def measure(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Microseconds at p50, by client and variant."""
    taken: dict[str, dict[str, list[float]]] = {c: {v: [] for v in VARIANTS} for c in CLIENTS}
    with upstream() as url, ExitStack() as stack:
        running = {v: stack.enter_context(_running(v, url)) for v in VARIANTS}
        for turn in range(rounds + 2):
            for client, by_variant in taken.items():
                for variant, child in running.items():
                    times = _ask(child, client)
                    by_variant[variant] += times if turn > 1 else []
    return {c: {v: statistics.median(t) for v, t in by.items()} for c, by in taken.items()}


@contextmanager
def _running(variant: str, url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.clients_cost", "serve", variant, url]
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


def _ask(child: subprocess.Popen[str], client: str) -> list[float]:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(f"{client}\n")
    child.stdin.flush()
    taken: list[float] = json.loads(child.stdout.readline())
    return taken


def table(measured: dict[str, dict[str, float]]) -> str:
    """Markdown: microseconds, and in brackets the ratio to OpenTelemetry alone."""
    lines = ["| p50, µs | " + " | ".join(VARIANTS) + " |", "|---" * (len(VARIANTS) + 1) + "|"]
    for client, by in measured.items():
        cells = [f"{by[v]:.0f} ({by[v] / by['otel']:.2f}×)" for v in VARIANTS]
        lines.append(f"| {client} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


# -- memory ---------------------------------------------------------------------------------------


@contextmanager
def large() -> Iterator[str]:
    """A server that answers once, with a large body."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            wire, _ = listener.accept()
            with wire:
                wire.recv(65536)
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                wire.sendall(head % (DOWNLOAD_MB * 1024 * 1024))
                for _ in range(DOWNLOAD_MB):
                    wire.sendall(bytes(1024 * 1024))

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def download(variant: str, url: str) -> None:
    """Stream it, forget each piece, and print by how many MB the process grew at most."""
    with tempfile.TemporaryDirectory() as folder:
        tracer = start(variant, folder)
        import requests

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        with inbound(tracer), requests.get(url, stream=True) as response:
            for _ in response.iter_content(64 * 1024):
                pass
        seconds = time.perf_counter() - begun
        if variant == "recording":
            import timetracer_otel

            timetracer_otel.shutdown()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps([(after - before) / 1024, seconds]))


def memory() -> str:
    """Markdown: megabytes and seconds of a streamed download."""
    lines = [f"| {DOWNLOAD_MB} MB streamed | grew by MB | seconds |", "|---|---|---|"]
    for variant in VARIANTS:
        with large() as url:
            command = [sys.executable, "-m", "benchmarks.clients_cost", "download", variant, url]
            megabytes, seconds = json.loads(subprocess.check_output(command, text=True))
        lines.append(f"| {variant} | {megabytes:.1f} | {seconds:.2f} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    if arguments:
        {"serve": serve, "download": download}[arguments[0]](*arguments[1:])
    else:
        print(table(measure()), memory(), sep="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
