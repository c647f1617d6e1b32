"""All cases with every kind of client, in a process of its own: recorded, or replayed.

``python -m tests.memcached.program record|replay FOLDER`` with the addresses in the environment;
writes one snapshot a kind and case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.trace import SpanKind

import timetracer_otel
from tests.memcached import cases
from tests.memcached.caller import CASES, KINDS, Caller
from tests.redis_client.caller import error_of
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin_entry

assert cases  # it enters its cases


def run_all(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    tracer = otel.get_tracer("tests")
    for name, run in CASES.items():
        with tracer.start_as_current_span(f"{kind} {name}"):
            caller = Caller(kind)
            try:
                run(caller)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
                caller.seen.append({"escaped": error_of(error)})
            caller.close()
            found[name] = caller.seen
    return found


def main(mode: str, folder: Path) -> None:
    timetracer_otel.instrument()
    with otel.get_tracer("tests").start_as_current_span("GET /all", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/all", []))
        assert entry is not None
        found = {kind: run_all(kind) for kind in KINDS}
        entry.answered(HttpResponseRef(200, []))
    timetracer_otel.shutdown()
    (folder / f"{mode}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
