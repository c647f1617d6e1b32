"""All cases of one kind, in a process of its own: as they are, recorded, or replayed.

``python -m tests.wire.program bare|record|replay KIND FOLDER`` with the addresses in the
environment; writes one snapshot a case to ``FOLDER/<mode>.json``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import timetracer_otel
from tests.conformance import in_one_request, write
from tests.wire.caller import CASES, Caller
from tests.wire.snapshots import error_snapshot
from timetracer_otel.recording.guard import FAULTS
from timetracer_otel.replay.sessions import current_session


def run_all(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in os.environ.get("CASES", "").split() or CASES[kind]:
        caller = Caller()
        try:
            CASES[kind][name](caller)
        except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
            caller.note(escaped=error_snapshot(error))
        found[name] = caller.seen
    session = current_session()
    if session is not None:
        found["beside answers"] = asdict(session.outcome)
    return found


def main(mode: str, kind: str, folder: Path) -> None:
    if mode != "bare":
        timetracer_otel.instrument()
    import_module(f"tests.wire.{kind}_cases")
    found = in_one_request(lambda: run_all(kind))
    found["faults of ours"] = dict(FAULTS)
    write(folder, mode, found)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
