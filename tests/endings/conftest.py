"""Nothing that was answered may be missing."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from pathlib import Path

from timetracer_otel.exporters.files import find, read

WAIT_S = 20.0


def get(port: int, path: str) -> object:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=WAIT_S) as answer:
        return json.loads(answer.read())


def kept(folder: Path) -> Counter[str]:
    """How often each path of a request is in the folder's cassettes, all of them readable."""
    if not folder.is_dir():
        return Counter()
    entries = [read(path).entry for path in find(folder)]
    return Counter("/" + e.request.url.split("/", 3)[3] for e in entries if e is not None)  # type: ignore[union-attr]


def wait_for(folder: Path, wanted: Counter[str]) -> Counter[str]:
    """What is kept, as soon as it is at least `wanted`, or when time is up."""
    end = time.monotonic() + WAIT_S
    while (found := kept(folder)) != wanted and not found > wanted and time.monotonic() < end:
        time.sleep(0.05)
    return found
