"""Minutes at saturation, recording on: ``python -m benchmarks.endurance --minutes 30``.

Says whether memory stays flat, what every request came to, and (with ``--against``) what
recording costs beside OpenTelemetry alone, in turns on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.saturation import CONNECTIONS, _client, _rss_mb
from benchmarks.upstream import upstream

__all__ = ["Endured", "endure"]

_SAMPLE_S = 5.0
_WARM_S = 20.0
_SETTLE_S = 5.0


@dataclass
class Endured:
    """What one run came to. Memory is in megabytes, of the server and of the writing process."""

    answered: int = 0
    per_second: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    rss_mb: list[float] = field(default_factory=list)
    writer_mb: list[float] = field(default_factory=list)
    disk_mb: list[float] = field(default_factory=list)
    accounts: dict[str, Any] = field(default_factory=dict)

    @property
    def unaccounted(self) -> int:
        """Requests that are neither recorded, nor dropped, nor left out: there must be none."""
        told = self.accounts
        if not told:
            return 0
        known = told["recorded"] + told["queue"]
        known += sum(told["dropped"].values()) + sum(told["left_out"].values())
        return int(self.answered - known)

    def lines(self) -> list[str]:
        """For a person."""
        rate = (
            f"{self.per_second:,.0f} a second; p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms"
        )
        said = [f"{self.answered:,} requests, {rate}"]
        for name, values in (
            ("server", self.rss_mb),
            ("writer", self.writer_mb),
            ("on disk", self.disk_mb),
        ):
            if values:
                warm = values[min(len(values) - 1, int(_WARM_S / _SAMPLE_S)) :]
                tenths = warm[:: max(1, len(warm) // 10)]
                steps = " ".join(f"{value:.0f}" for value in tenths)
                said.append(f"{name}, MB, from warm to end: {steps}; {max(warm):.1f} at most")
        if self.accounts:
            said.append(json.dumps(self.accounts))
            said.append(f"unaccounted for: {self.unaccounted}")
        return said


def endure(variant: str, seconds: float, settings: dict[str, str]) -> Endured:
    """The shop of `variant` under uvicorn, at full load for `seconds`."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, upstream() as url:
        summary = Path(folder) / "summary"
        environ = {**os.environ, **settings, "TIMETRACER_SUMMARY": str(summary)}
        served = str(Path(__file__).parent / "served.py")
        before = _writers()
        server = subprocess.Popen(
            [sys.executable, served, variant, url, folder],
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            ended = asyncio.run(_load(server.pid, port, seconds, Path(folder), before))
        finally:
            server.terminate()
            server.wait(60)
            _wait_for_writers(before)
        for file in Path(folder).glob("summary.*"):
            ended.accounts = json.loads(file.read_text())
        return ended


async def _load(pid: int, port: int, seconds: float, folder: Path, before: set[int]) -> Endured:
    ended, taken = Endured(), list[float]()
    start = time.perf_counter()
    clients = [
        asyncio.create_task(_client(port, start + seconds, taken)) for _ in range(CONNECTIONS)
    ]
    watching = asyncio.create_task(_watch(pid, folder, before, ended))
    await asyncio.gather(*clients)
    elapsed = time.perf_counter() - start
    watching.cancel()
    await asyncio.sleep(_SETTLE_S)
    ended.answered = len(taken)
    ended.per_second = len(taken) / elapsed
    taken.sort()
    ended.p50_ms, ended.p99_ms = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.99))
    return ended


async def _watch(pid: int, folder: Path, before: set[int], ended: Endured) -> None:
    while True:
        await asyncio.sleep(_SAMPLE_S)
        ended.rss_mb.append(_rss_mb(pid))
        with suppress(OSError, ValueError):  # it may be ending
            ended.writer_mb.append(sum(_rss_mb(one) for one in _writers() - before))
        size = await asyncio.to_thread(_size_mb, folder / "cassettes")
        ended.disk_mb.append(size)


def _size_mb(folder: Path) -> float:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(path, name).stat().st_size
    return total / 1e6


def _wait_for_writers(before: set[int]) -> None:
    """It writes on what it was given when the server has ended."""
    end = time.monotonic() + 30
    while _writers() - before and time.monotonic() < end:
        time.sleep(0.2)


def _writers() -> set[int]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"exporters/writer_process.py" in (process / "cmdline").read_bytes():
                found.add(int(process.name))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--variant", default="recording")
    parser.add_argument("--against", help="another variant, e.g. otel: ten turns of each")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    chosen = parser.parse_args()
    pairs = (text.partition("=") for text in chosen.set)
    settings = {f"TIMETRACER_{name.upper()}": value for name, _, value in pairs}
    turns = 10 if chosen.against else 1
    for _ in range(turns):
        for variant in filter(None, (chosen.against, chosen.variant)):
            ended = endure(variant, chosen.minutes * 60 / turns, settings)
            print(variant, *ended.lines(), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
