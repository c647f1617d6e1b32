"""Load and save of a cassette of 1,000 interactions, beside cassetter and vcrpy."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.environments import python_of
from benchmarks.peer_files import ANSWER, COUNT, HEADERS
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import FileStore, find, read
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpResponse,
)

__all__ = ["measure_files", "thousand_interactions"]


def thousand_interactions() -> Cassette:
    """What the peers' scripts save too, as a cassette of ours."""
    headers = [f"{name}: {value}" for name, values in HEADERS.items() for value in values]
    return Cassette(
        timetracer=1,
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        recorded_at="2026-01-05T10:00:00.000000000Z",
        duration_us=1,
        interactions=[_interaction(n, headers) for n in range(COUNT)],
    )


def _interaction(n: int, headers: list[str]) -> HttpInteraction:
    return HttpInteraction(
        id=n + 1,
        span_id=f"{n + 1:016x}",
        library="httpx",
        title=f"GET http://upstream/price/{n}",
        start_us=n,
        duration_us=10,
        request=HttpRequest(
            method="GET", url=f"http://upstream/price/{n}", headers=["accept: */*"]
        ),
        response=HttpResponse(
            status=200,
            reason="OK",
            http_version="HTTP/1.1",
            headers=headers,
            body=BodyPart(json={**ANSWER, "id": n}, style="compact", size=90),
        ),
    )


def measure_files() -> dict[str, float]:
    """Microseconds at p50: ours, and what the peers' own environment prints of them."""
    with tempfile.TemporaryDirectory() as folder:
        ours = _measure_ours(Path(folder) / "ours")
        script = str(Path(__file__).parent / "peer_files.py")
        command = [python_of("files"), script, folder]
        peers = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {**ours, **json.loads(peers)}


def _measure_ours(folder: Path) -> dict[str, float]:
    cassette, store = thousand_interactions(), FileStore(folder)
    saved = _median(lambda: store.write(cassette))
    file = find(folder)[0]
    return {"ours save": saved, "ours load": _median(lambda: read(file))}


def _median(run: Callable[[], object], times: int = 15) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e6)
    return statistics.median(taken)
