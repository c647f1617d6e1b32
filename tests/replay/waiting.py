"""An application that answers, that waits for ever, and that talks a lot."""

from __future__ import annotations

import asyncio
import os
from typing import Any


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise RuntimeError("this application has no lifespan")
    if scope["path"].endswith("/never"):
        await asyncio.Event().wait()
    if os.environ.get("TALKS"):
        print("x" * 5_000_000)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
