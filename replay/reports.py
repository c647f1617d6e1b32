"""The folder in which a process under replay leaves its runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from timetracer_otel.replay.reporting import REPORT_FOLDER, Run, announce, read_run

__all__ = ["Reports", "reports"]


class Reports:
    """Runs as they come, by the cassette that each repeats."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[Path] = set()
        self._by_name: dict[str, Path] = {}
        self._read: dict[Path, int] = {}

    def announce(self, name: str) -> None:
        """Say which cassette's request is sent next."""
        self._by_name.pop(name, None)
        announce(self._folder, name)

    def fresh(self) -> list[Path]:
        """Reports that came since the last call, oldest first."""
        found = sorted(set(self._folder.glob("*.json")) - self._known)
        self._known.update(found)
        return found

    def of(self, name: str) -> Path | None:
        """The latest report of a cassette's run; None when there is none yet."""
        for path in self.fresh():
            self._by_name[self.read(path).name] = path
        return self._by_name.get(name)

    def read(self, path: Path) -> Run:
        """The run as it is reported now."""
        self._read[path] = path.stat().st_mtime_ns
        return read_run(path)

    def changed(self, path: Path) -> bool:
        """Whether more was reported since it was read."""
        return path.stat().st_mtime_ns != self._read.get(path)

    def discard(self, path: Path) -> None:
        """It has been judged, and nobody will ask again."""
        path.unlink(missing_ok=True)
        self._read.pop(path, None)


@contextmanager
def reports() -> Iterator[Reports]:
    """A folder for this process and its children, gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="timetracer-", ignore_cleanup_errors=True) as folder:
        before = os.environ.get(REPORT_FOLDER)
        os.environ[REPORT_FOLDER] = folder
        try:
            yield Reports(Path(folder))
        finally:
            if before is None:
                os.environ.pop(REPORT_FOLDER, None)
            else:
                os.environ[REPORT_FOLDER] = before
