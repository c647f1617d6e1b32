"""How much memory a streamed download takes: ``python -m benchmarks.streaming_cost``."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.clients_cost import VARIANTS, inbound, start

__all__ = ["CLIENTS", "Download", "download", "table"]

MEGABYTES = 1024
_MB = 1024 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Download:
    """By how many megabytes the process grew at most, and how long it took."""

    grew_mb: float
    seconds: float


def _httpx(url: str) -> None:
    import httpx

    with httpx.Client(trust_env=False) as client, client.stream("GET", url) as response:
        for _ in response.iter_bytes(_PIECE):
            pass


def _requests(url: str) -> None:
    import requests

    with requests.get(url, stream=True, timeout=60) as response:
        for _ in response.iter_content(_PIECE):
            pass


def _urllib3(url: str) -> None:
    import urllib3

    response = urllib3.PoolManager().request("GET", url, preload_content=False)
    for _ in response.stream(_PIECE):
        pass


def _aiohttp(url: str) -> None:
    import aiohttp

    async def stream() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            async for _ in response.content.iter_chunked(_PIECE):
                pass

    asyncio.run(stream())


CLIENTS: dict[str, Callable[[str], None]] = {
    "httpx": _httpx,
    "aiohttp": _aiohttp,
    "requests": _requests,
    "urllib3": _urllib3,
}
"""Streams what is at a URL, and forgets each piece."""


@contextmanager
def _large(megabytes: int) -> Iterator[str]:
    """A server that answers once, with a large body."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            wire, _ = listener.accept()
            with wire:
                wire.recv(65536)
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                wire.sendall(head % (megabytes * _MB))
                for _ in range(megabytes):
                    wire.sendall(bytes(_MB))

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def download(client: str, variant: str, megabytes: int = MEGABYTES) -> Download:
    """One download in a process of its own."""
    with _large(megabytes) as url:
        command = [sys.executable, "-m", "benchmarks.streaming_cost", client, variant, url]
        return Download(**json.loads(subprocess.check_output(command, text=True)))


def _in_this_process(client: str, variant: str, url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tracer = start(variant, folder)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        with inbound(tracer):
            CLIENTS[client](url)
        seconds = time.perf_counter() - begun
        if variant == "recording":
            import timetracer_otel

            timetracer_otel.shutdown()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"grew_mb": (after - before) / 1024, "seconds": seconds}))


def table(megabytes: int = MEGABYTES) -> str:
    """Markdown: megabytes, and in brackets seconds."""
    lines = ["| | " + " | ".join(VARIANTS) + " |", "|---" * (len(VARIANTS) + 1) + "|"]
    for client in CLIENTS:
        found = [download(client, variant, megabytes) for variant in VARIANTS]
        cells = [f"{each.grew_mb:.0f} ({each.seconds:.1f})" for each in found]
        lines.append(f"| {client} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:]:
        _in_this_process(*sys.argv[1:])
    else:
        print(table())
