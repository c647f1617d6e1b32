"""Peers' load, save and replay, in their own environment: prints JSON microseconds.

Run as a file: ``python peer_files.py FOLDER``.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

COUNT = 1000
HEADERS = {
    "content-type": ["application/json"],
    "date": ["Mon, 05 Jan 2026 10:00:00 GMT"],
    "server": ["uvicorn"],
    "content-length": ["118"],
    "x-request-id": ["7b0e3a0c-4a4e-4d7e-9f3a-1f6a0a3c9f10"],
}
ANSWER = {"currency": "EUR", "price": 12.5, "name": "a thing with a name", "tags": ["a", "b", "c"]}


def median(run: Callable[[], object], times: int = 15) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e6)
    return statistics.median(taken)


def cassetter(folder: Path) -> dict[str, float]:
    from cassetter import Body, HttpInteraction, HttpRequest, HttpResponse, _core

    cassette = _core.Cassette()
    for n in range(COUNT):
        request = HttpRequest("GET", f"http://upstream/price/{n}", {"accept": ["*/*"]})
        body = Body("json", {**ANSWER, "id": n})
        response = HttpResponse(200, HEADERS, body)
        cassette.add_interaction(HttpInteraction(request, response, "2026-01-05T10:00:00Z"))
    file = str(folder / "cassetter.yaml")
    return {
        "cassetter save": median(lambda: cassette.save(file)),
        "cassetter load": median(lambda: _core.Cassette.load(file)),
        "cassetter replay": replay_cassetter(file),
    }


def replay_cassetter(file: str) -> float:
    import httpx
    from cassetter import use_cassette

    with use_cassette(file, record_mode="none"), httpx.Client() as client:
        numbers = iter(range(COUNT))
        return median(lambda: client.get(f"http://upstream/price/{next(numbers)}"), COUNT)


def vcrpy(folder: Path) -> dict[str, float]:
    from vcr.persisters.filesystem import FilesystemPersister as persister  # noqa: N813
    from vcr.request import Request
    from vcr.serializers import yamlserializer

    text = json.dumps(ANSWER)
    urls = [f"http://upstream/price/{n}" for n in range(COUNT)]
    requests = [Request("GET", url, None, {"accept": "*/*"}) for url in urls]
    status = {"code": 200, "message": "OK"}
    response = {"status": status, "headers": HEADERS, "body": {"string": text}}
    held = {"requests": requests, "responses": [response] * COUNT}
    file = folder / "vcrpy.yaml"
    return {
        "vcrpy save": median(lambda: persister.save_cassette(file, held, yamlserializer), 3),
        "vcrpy load": median(lambda: persister.load_cassette(file, yamlserializer), 3),
        "vcrpy replay": replay_vcrpy(file),
    }


def replay_vcrpy(file: Path) -> float:
    import httpx
    import vcr

    with vcr.use_cassette(str(file), record_mode="none"), httpx.Client() as client:
        numbers = iter(range(COUNT))
        return median(lambda: client.get(f"http://upstream/price/{next(numbers)}"), COUNT)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    print(json.dumps({**cassetter(where), **vcrpy(where)}))
