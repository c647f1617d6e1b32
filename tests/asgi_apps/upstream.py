"""The service that the applications call: it counts, so that no two answers are the same."""

from __future__ import annotations

from itertools import count
from typing import Any

NUMBERS = count(1)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise RuntimeError("no lifespan here")
    body = b'{"number":%d,"path":"%b"}' % (next(NUMBERS), scope["path"].encode())
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
