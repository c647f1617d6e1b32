"""A server that stays up under replay: each request chooses its own cassette."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.replay.recorded import ORDERS, Recorded, uvicorn
from tests.serving import ROOT, free_port

PATHS = ("/items/1", "/gather", "/threads", "/stream", "/itself")


@dataclass
class Serving:
    url: str
    lines: list[str] = field(default_factory=list)
    code: int = 0


@contextmanager
def serving(shop: Recorded) -> Iterator[Serving]:
    port = free_port()
    command = [sys.executable, "-m", "timetracer_otel.cli", "replay", str(shop.folder), "--serve"]
    with subprocess.Popen(
        [*command, "--", *uvicorn(port)],
        cwd=ROOT,
        env={**shop.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        for line in program.stderr:
            if "serving on" in line:
                break
        else:
            raise AssertionError("it did not serve")
        drain = threading.Thread(target=program.stderr.read, daemon=True)
        drain.start()
        found = Serving(f"http://127.0.0.1:{port}")
        try:
            yield found
        finally:
            os.kill(program.pid, signal.SIGINT)
            drain.join()
            found.lines = program.stdout.read().splitlines()
            found.code = program.wait(30)


async def ask(url: str) -> dict[str, list[bytes]]:
    """Everything at once, over kept connections, each order from a client of its own."""
    found: dict[str, list[bytes]] = {}
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def get(path: str) -> None:
            found.setdefault(f"GET {path}", []).append((await client.get(path)).content)

        async def post(order: dict[str, int]) -> None:
            answer = await client.post("/orders", json=order)
            found.setdefault(f"POST /orders#{order['sku']}", []).append(answer.content)

        head = await client.head("/items/2")
        assert head.status_code == 200
        await asyncio.gather(
            *(get(path) for path in (*PATHS, *PATHS)), *(post(order) for order in ORDERS)
        )
        assert (await client.get("/nowhere")).status_code == 404
        unknown = await client.post("/orders", json={"sku": 99})
        assert unknown.status_code == 500
    return found


def test_requests_at_once_each_choose_their_cassette_by_path_and_body(shop: Recorded) -> None:
    with serving(shop) as server:
        answers = asyncio.run(ask(server.url))
    expected = {name: shop.answers[name] for name in answers}
    assert {name: set(found) for name, found in answers.items()} == {
        name: {body} for name, body in expected.items()
    }
    verdicts = [line for line in server.lines if not line.startswith(" ")]
    assert [line for line in verdicts if line.startswith("different")] == []
    assert sum(line.startswith("same") for line in verdicts) == 2 * len(PATHS) + len(ORDERS) + 1
    unknown = [line for line in verdicts if line.startswith("cannot replay")]
    assert len(unknown) == 2
    assert "  no cassette has this request" in server.lines
    assert server.code == 2
