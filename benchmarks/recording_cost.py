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
from typing import NamedTuple

from benchmarks.environments import is_peer, python_of
from benchmarks.upstream import upstream

__all__ = ["Measured", "measure", "table"]

NAMES = ["bare", "otel", "otel_quiet", "recording", "timetracer16", "tusk"]
PATHS = {"/plain": 200, "/calls": 30, "/rows": 60}
ROUNDS = 25
_HERE = Path(__file__).parent


class Measured(NamedTuple):
    """Microseconds at p50, by path and variant; and what could not be measured."""

    us: dict[str, dict[str, float]]
    absent: list[str]


class CannotMeasure(Exception):
    """A variant that does not start here, or an application that fails with it; and why."""


@contextmanager
def _running(name: str, url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [python_of(name), str(_HERE / "variants.py"), name, url, str(folder / name)]
    said = folder / f"{name}.stderr"
    pipe = subprocess.PIPE
    with said.open("wb") as errors:
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True)
    try:
        assert child.stdout is not None
        if child.stdout.readline().strip() != "ready":
            last = [name, *said.read_text(errors="replace").splitlines()][-1]
            raise CannotMeasure(f"does not start: {last}")
        yield child
    finally:
        child.terminate()
        child.wait(10)


def _ask(child: subprocess.Popen[str], path: str, count: int) -> list[float]:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(f"{path} {count}\n")
    child.stdin.flush()
    taken: list[float] | str = json.loads(child.stdout.readline())
    if isinstance(taken, str):
        raise CannotMeasure(f"fails at `{path}`: {taken}")
    return taken


def measure(names: list[str] = NAMES, rounds: int = ROUNDS) -> Measured:
    """Microseconds at p50, per path and variant. Variants take turns, so drift hits all."""
    taken: dict[str, dict[str, list[float]]] = {path: {} for path in PATHS}
    absent: list[str] = []
    with tempfile.TemporaryDirectory() as folder, upstream() as url, ExitStack() as stack:
        running = {}
        for name in names:
            with _unless_a_peer_fails(name, absent):
                running[name] = stack.enter_context(_running(name, url, Path(folder)))
        for path, count in PATHS.items():
            able = {}
            for name, child in running.items():
                with _unless_a_peer_fails(name, absent):
                    _ask(child, path, count)
                    able[name] = child
            for round_number in range(rounds):
                print(f"\r{path} {round_number + 1}/{rounds} ", end="", file=sys.stderr)
                for name, child in able.items():
                    taken[path].setdefault(name, []).extend(_ask(child, path, count))
    print(file=sys.stderr)
    us = {p: {n: statistics.median(v) for n, v in by.items()} for p, by in taken.items()}
    return Measured(us, absent)


@contextmanager
def _unless_a_peer_fails(name: str, absent: list[str]) -> Iterator[None]:
    """Ours have to work; that a peer does not is kept in `absent`."""
    try:
        yield
    except (CannotMeasure, subprocess.CalledProcessError) as error:
        if not is_peer(name):
            raise
        absent.append(f"`{name}` {error}")


def table(measured: Measured) -> str:
    """Markdown: microseconds, and in brackets the ratio to OpenTelemetry alone."""
    names = list(dict.fromkeys(name for by in measured.us.values() for name in by))
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for path, by in measured.us.items():
        cells = [f"{by[n]:.0f} ({by[n] / by['otel']:.2f}×)" if n in by else "–" for n in names]
        lines.append(f"| `{path}` | " + " | ".join(cells) + " |")
    return "\n".join([*lines, *(f"\n{reason}" for reason in measured.absent)])
