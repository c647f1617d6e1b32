"""Throughput and memory under more load than the server can take, recording on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.upstream import upstream

__all__ = ["Saturated", "saturate"]

CONNECTIONS = 16
_REQUEST = b"GET /plain HTTP/1.1\r\nhost: shop\r\n\r\n"


@dataclass
class Saturated:
    """Requests per second, resident megabytes after warm-up and at the end, p99 in ms."""

    per_second: float
    rss_start_mb: float
    rss_end_mb: float
    p99_ms: float
    cassettes: int
    answered: int


def saturate(variant: str, seconds: float) -> Saturated:
    """Run the shop of `variant` under uvicorn for `seconds` at full load."""
    with tempfile.TemporaryDirectory() as folder, upstream() as url:
        command = [sys.executable, str(Path(__file__).parent / "served.py"), variant, url, folder]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            return asyncio.run(_load(server.pid, port, seconds, Path(folder)))
        finally:
            server.terminate()
            server.wait(30)


async def _load(pid: int, port: int, seconds: float, folder: Path) -> Saturated:
    taken: list[float] = []
    warm = time.perf_counter() + min(5.0, seconds / 4)
    end = time.perf_counter() + seconds
    clients = [asyncio.create_task(_client(port, end, taken)) for _ in range(CONNECTIONS)]
    await asyncio.sleep(warm - time.perf_counter())
    rss_start = _rss_mb(pid)
    start, before = time.perf_counter(), len(taken)
    await asyncio.gather(*clients)
    rate = (len(taken) - before) / (time.perf_counter() - start)
    rss_end = _rss_mb(pid)
    await asyncio.sleep(1.0)
    written = sum(len(files) for _, _, files in os.walk(folder / "cassettes"))
    p99 = sorted(taken[before:])[int((len(taken) - before) * 0.99)] * 1000
    return Saturated(rate, rss_start, rss_end, p99, written, len(taken))


async def _client(port: int, end: float, taken: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (start := time.perf_counter()) < end:
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        json.loads(await reader.readexactly(length))
        taken.append(time.perf_counter() - start)
    writer.close()


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
