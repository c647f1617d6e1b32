"""The awkward applications behind one address, and one that asks others."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.simple_server import make_server

import httpx

from tests.wsgi.awkward import APPLICATIONS


def asks(environ: Any, start_response: Any) -> Any:
    """In the thread of the request, in a pool, and while the answer is sent."""
    base = os.environ["UPSTREAM_URL"]
    first = httpx.get(f"{base}/first").text
    with ThreadPoolExecutor(4) as pool:
        pooled = list(pool.map(lambda n: httpx.get(f"{base}/pooled/{n}").text, range(6)))
    start_response("200 OK", [("Content-Type", "text/plain")])

    def lines() -> Any:
        yield first.encode()
        for text in pooled:
            yield text.encode()
        yield httpx.get(f"{base}/last").text.encode()

    return lines()


def app(environ: Any, start_response: Any) -> Any:
    environ.setdefault("log", [])
    name = environ["PATH_INFO"].strip("/")
    return {**APPLICATIONS, "asks": asks}[name](environ, start_response)


if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), app) as server:
        server.serve_forever()
