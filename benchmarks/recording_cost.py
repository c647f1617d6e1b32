"""p50 of a request per variant, interleaved in one run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.environments import python_of
from benchmarks.upstream import upstream

__all__ = ["measure", "table"]

NAMES = ["bare", "otel", "otel_quiet", "recording", "timetracer16", "tusk"]
PATHS = {"/plain": 200, "/calls": 30, "/rows": 60}
ROUNDS = 25
_HERE = Path(__file__).parent


@contextmanager
def _running(name: str, url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [python_of(name), str(_HERE / "variants.py"), name, url, str(folder / name)]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert child.stdout is not None
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"variant {name} did not start")
        yield child
    finally:
        child.terminate()
        child.wait(10)


def _ask(child: subprocess.Popen[str], path: str, count: int) -> list[float]:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(f"{path} {count}\n")
    child.stdin.flush()
    taken: list[float] = json.loads(child.stdout.readline())
    return taken


def measure(names: list[str] = NAMES, rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Microseconds at p50, per path and variant. Variants take turns, so drift hits all."""
    taken: dict[str, dict[str, list[float]]] = {p: {n: [] for n in names} for p in PATHS}
    with tempfile.TemporaryDirectory() as folder, upstream() as url, ExitStack() as stack:
        running = {n: stack.enter_context(_running(n, url, Path(folder))) for n in names}
        for path, count in PATHS.items():
            for child in running.values():
                _ask(child, path, count)
            for round_number in range(rounds):
                print(f"\r{path} {round_number + 1}/{rounds} ", end="", file=sys.stderr)
                for name, child in running.items():
                    taken[path][name] += _ask(child, path, count)
    print(file=sys.stderr)
    return {p: {n: statistics.median(v) for n, v in by.items()} for p, by in taken.items()}


def table(measured: dict[str, dict[str, float]]) -> str:
    """Markdown: microseconds, and in brackets the ratio to OpenTelemetry alone."""
    names = list(next(iter(measured.values())))
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for path, by in measured.items():
        cells = [f"{by[n]:.0f} ({by[n] / by['otel']:.2f}×)" for n in names]
        lines.append(f"| `{path}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)
