"""An application whose requests take long."""

from __future__ import annotations

import asyncio
import sys

from fastapi import FastAPI

app = FastAPI()


@app.get("/stops")
async def stops() -> list[str]:
    print("slow application", file=sys.stderr, flush=True)
    await asyncio.sleep(600)
    return []
