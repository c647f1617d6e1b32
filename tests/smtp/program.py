"""All cases in a process of its own: recorded, or replayed.

``python -m tests.smtp.program record|replay FOLDER`` with the addresses in the environment;
writes what each case saw to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel

import timetracer_otel
from tests.conformance import in_one_request, write
from tests.smtp.cases import CASES, Caller


def run_all() -> dict[str, Any]:
    found: dict[str, Any] = {}
    tracer = otel.get_tracer("tests")
    for name, run in CASES.items():
        with tracer.start_as_current_span(name):
            caller = Caller()
            try:
                run(caller)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
                caller.note(error)
            found[name] = caller.seen
    return found


if __name__ == "__main__":
    timetracer_otel.instrument()
    write(Path(sys.argv[2]), sys.argv[1], in_one_request(run_all))
