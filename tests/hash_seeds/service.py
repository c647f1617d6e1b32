"""Answers that depend on the order of sets, and on hashes of strings."""

from __future__ import annotations

import os
import subprocess
import sys

from fastapi import FastAPI, Response

app = FastAPI()
TAGS = {f"tag-{number}" for number in range(20)}
"""Made at import: no request's own doing."""


@app.get("/tags")
async def tags() -> list[str]:
    return list(TAGS)


@app.get("/page")
async def page() -> Response:
    text = "<p>hello</p>"
    return Response(text, media_type="text/html", headers={"etag": f'"{hash(text):x}"'})


@app.get("/child")
def child() -> str:
    program = "print({f'tag-{number}' for number in range(20)})"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout  # noqa: PLW1510


@app.get("/stops")
def stops() -> list[str]:
    """What a debugger does, and a person at its prompt."""
    if "ASKS" in os.environ:
        print("at the prompt:", input(), file=sys.stderr)
    return list(TAGS)
