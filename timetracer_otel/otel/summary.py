"""What the processes of one recorded program did, for whoever runs it: a small file of each."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from timetracer_otel.accounts import Accounts, accounts_of
from timetracer_otel.recording.guard import guarded

if TYPE_CHECKING:
    from timetracer_otel.recording.recorder import Recorder

__all__ = ["SUMMARY", "Summary", "summed"]

SUMMARY = "TIMETRACER_SUMMARY"
"""Environment variable: the path that the files of a recorded program's processes begin with."""

_EVERY_S = 2.0
"""How much of its counting a process can lose that is killed."""


class Summary:
    """Writes this process's accounts, now and then and at its end, where somebody reads them."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._path = os.environ.get(SUMMARY, "")
        self._written: Accounts | None = None
        self._at = 0.0

    def now_and_then(self) -> None:
        """Called by the worker."""
        if self._path and monotonic() - self._at > _EVERY_S:
            self.write()

    def write(self) -> None:
        """If there is news."""
        accounts = accounts_of(self._recorder)
        if not self._path or accounts == self._written:
            return
        with guarded("summary"):
            self._written, self._at = accounts, monotonic()
            draft = Path(f"{self._path}.{os.getpid()}.part")
            draft.write_text(json.dumps(asdict(accounts)), encoding="utf-8")
            draft.replace(draft.with_suffix(""))


def summed(path: str) -> Accounts:
    """All of them together, and taken away."""
    found = list(_taken(Path(path)))
    return Accounts(
        recorded=sum(one["recorded"] for one in found),
        bytes=sum(one["bytes"] for one in found),
        queue=sum(one["queue"] for one in found),
        removed=sum(one["removed"] for one in found),
        dropped=_merged(one["dropped"] for one in found),
        left_out=_merged(one["left_out"] for one in found),
    )


def _taken(path: Path) -> Iterator[dict]:  # type: ignore[type-arg]  # as `asdict` gave it
    for file in path.parent.glob(f"{path.name}.*"):
        text = file.read_text(encoding="utf-8")
        file.unlink()
        if file.suffix != ".part":
            yield json.loads(text)


def _merged(parts: Iterator[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)
