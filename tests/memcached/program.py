"""All cases with every kind of client, in a process of its own: recorded, or replayed.

``python -m tests.memcached.program record|replay FOLDER`` with the addresses in the environment;
writes one snapshot a kind and case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel

import timetracer_otel
from tests.conformance import in_one_request, write
from tests.memcached import cases
from tests.memcached.caller import CASES, KINDS, Caller
from tests.redis_client.caller import error_of

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
    write(folder, mode, in_one_request(lambda: {kind: run_all(kind) for kind in KINDS}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
