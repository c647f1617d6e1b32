"""One replayed httpx call among 1,000 recorded, beside `httpx.MockTransport`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import httpx

from benchmarks.files_cost import thousand_interactions
from benchmarks.peer_files import ANSWER, COUNT
from timetracer_otel.cassette import Cassette

__all__ = ["measure_replay"]

ROUNDS = 5


def measure_replay() -> dict[str, float]:
    """Microseconds at p50 of a call: MockTransport, replay among 1,000 and among 10."""
    whole = thousand_interactions()
    mock = httpx.MockTransport(lambda request: httpx.Response(200, json={**ANSWER, "id": 1}))
    taken: dict[str, list[float]] = {"MockTransport": [], "replay 1000": [], "replay 10": []}
    for _ in range(ROUNDS):
        with httpx.Client(transport=mock) as client:
            taken["MockTransport"] += _calls(client, range(COUNT))
        taken["replay 1000"] += _replayed(whole, range(COUNT))
        for _ in range(COUNT // 10):
            taken["replay 10"] += _replayed(_first_ten(whole), range(10))
    return {name: statistics.median(values) for name, values in taken.items()}


def _first_ten(whole: Cassette) -> Cassette:
    import msgspec

    return msgspec.structs.replace(whole, interactions=whole.interactions[:10])


def _replayed(cassette: Cassette, numbers: range) -> Iterator[float]:
    from timetracer_otel.replay import replaying

    with replaying(cassette), httpx.Client() as client:
        return _calls(client, numbers)


def _calls(client: httpx.Client, numbers: range) -> Iterator[float]:
    return iter([_timed(lambda n=n: client.get(f"http://upstream/price/{n}")) for n in numbers])


def _timed(run: Callable[[], httpx.Response]) -> float:
    start = time.perf_counter()
    run().raise_for_status()
    return (time.perf_counter() - start) * 1e6
