"""Run requests of the application in a process of their own: recorded, or from a recording.

``python -m tests.determinism.rerun record|replay FOLDER PATH…`` prints one JSON line: each
request's status, headers and body, with what was drawn and not recorded. Each path has a
cassette in the folder; what a replay records is named ``…-again``. With ``--together`` all
requests are in flight at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import ExitStack
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import timetracer_otel.capture
from tests.core.tracing import Recording, recording, request
from timetracer_otel.cassette import Cassette, read_cassette, write_cassette
from timetracer_otel.libraries import Installation
from timetracer_otel.protocols.http import HttpInteraction
from timetracer_otel.replay.clock import install_clock
from timetracer_otel.replay.draws import install_draws
from timetracer_otel.replay.recorded_draws import RecordedDraws
from timetracer_otel.replay.recorded_time import RecordedTime

TIME: ContextVar[RecordedTime | None] = ContextVar("time", default=None)
DRAWS: ContextVar[RecordedDraws | None] = ContextVar("draws", default=None)


async def ask(app: Any, path: str) -> dict[str, Any]:
    """The reply to a GET through the ASGI interface."""
    reply: dict[str, Any] = {"body": ""}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"shop")],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reply["status"] = message["status"]
            reply["headers"] = [[k.decode(), v.decode()] for k, v in message["headers"]]
        else:
            reply["body"] += message.get("body", b"").decode()

    await app(scope, receive, send)
    return reply


def cassette_file(folder: Path, path: str) -> Path:
    return folder / f"{path.strip('/')}.json"


async def one_request(
    app: Any, recorded: Recording, path: str, cassette: Cassette | None
) -> dict[str, Any]:
    if cassette is not None:
        TIME.set(RecordedTime(cassette))
        DRAWS.set(RecordedDraws(cassette))
    with request(recorded, path):
        reply = await ask(app, path)
    draws = DRAWS.get()
    reply["unrecorded"] = dict(draws.unrecorded) if draws is not None else {}
    return reply


async def run(
    recorded: Recording, paths: list[str], cassettes: dict[str, Cassette], *, together: bool
) -> list[dict[str, Any]]:
    from tests.determinism.application import app

    tasks = []
    for path in paths:
        work = one_request(app, recorded, path, cassettes.get(path))
        tasks.append(asyncio.create_task(work))
        if not together:
            await tasks[-1]
    return await asyncio.gather(*tasks)


def main(mode: str, folder: Path, paths: list[str], *, together: bool) -> None:
    cassettes = {}
    with ExitStack() as stack:
        if mode == "replay":
            for path in paths:
                file = cassette_file(folder, path)
                cassettes[path] = read_cassette(file.read_bytes(), file=str(file))
            stack.callback(install_clock(next(iter(cassettes.values())), TIME.get))
            stack.callback(install_draws(DRAWS.get))
        capture = Installation(timetracer_otel.capture)
        capture.install(("none",))  # of the libraries, none: the clock and the draws alone
        stack.callback(capture.uninstall)
        recorded = stack.enter_context(recording())
        replies = asyncio.run(run(recorded, paths, cassettes, together=together))
        for cassette in recorded.cassettes():
            assert isinstance(cassette.entry, HttpInteraction)
            path = cassette.entry.request.url.removeprefix("http://shop")
            name = path if mode == "record" else f"{path}-again"
            cassette_file(folder, name).write_bytes(write_cassette(cassette))
    print(json.dumps(replies))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("folder", type=Path)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--together", action="store_true")
    main(**vars(parser.parse_args()))
