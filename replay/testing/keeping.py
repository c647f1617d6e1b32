"""Writing a test's recording, whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from timetracer_otel.cassette import Cassette, write_cassette
from timetracer_otel.cassette.files import read
from timetracer_otel.errors import CassetteError, StoreError
from timetracer_otel.replay.testing.episode import Plan
from timetracer_otel.replay.testing.stability import is_unchanged, with_stable_ids

__all__ = ["Kept", "keep", "put"]


@dataclass
class Kept:
    """What became of a test's cassette."""

    written: bool = False
    unchanged: bool = False
    unused: list[str] = field(default_factory=list)


def keep(plan: Plan, recorded: Cassette) -> Kept:
    """Write `recorded` as the plan has it. Raises `StoreError`."""
    if plan.mode == "rewrite" and _is_there_already(plan.path, recorded):
        return Kept(unchanged=True)
    put(plan.path, recorded)
    return Kept(written=True)


def _is_there_already(path: Path, recorded: Cassette) -> bool:
    with suppress(CassetteError, StoreError):
        return is_unchanged(read(path), recorded)
    return False


def put(path: Path, recorded: Cassette) -> None:
    """Write a cassette in the place of what was there."""
    data = with_stable_ids(write_cassette(recorded), recorded)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from error
