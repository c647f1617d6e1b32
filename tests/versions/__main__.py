"""`make test-versions`: the tests of each library with the versions of it that are in use.

``python -m tests.versions [LIBRARY…]`` runs all of them, or some; their rows of docs/versions.md
are written anew, and say which Python they were measured on. Ends with 1 when a version fails.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.versions.environments import PYTHON, ROOT, python_of, version_in
from tests.versions.table import ROWS, Row

PAGE = ROOT / "docs" / "versions.md"
_HEAD = """# Versions

Each library is tested at the newest version and at older ones, by the tests that say how well it
is recorded and replayed. `timetracer record` says at its start which installed versions are not
supported. `make test-versions` makes an environment for each row, runs its tests and writes this
page.

| library | version | Python | tests | result |
|---|---|---|---|---|
"""


class Result(NamedTuple):
    """What the tests of a library said about a version."""

    library: str
    version: str
    tests: int
    failed: int
    problem: str = ""

    @property
    def line(self) -> str:
        """The row of the table."""
        said = self.problem or (f"{self.failed} fail" if self.failed else "supported")
        return f"| {self.library} | {self.version} | {PYTHON} | {self.tests} | {said} |"


def results(row: Row) -> Iterator[Result]:
    """One for each version, the oldest first; the newest may be one that was asked for."""
    seen = set()
    for version in (*row.versions, ""):
        try:
            python = python_of(f"{row.library}-{version.removesuffix('.*')}", row.pins(version))
        except subprocess.CalledProcessError:
            yield Result(row.library, version, 0, 1, "cannot be installed here")
            continue
        installed = version_in(python, row.library)
        if installed not in seen:
            seen.add(installed)
            yield _tested(row, python, installed)


def _tested(row: Row, python: str, version: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command = [python, "-m", "pytest", *options, *row.tests]
        ran = subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr)
        if not report.is_file():
            return Result(row.library, version, 0, 1, "cannot be tested")
        suite = ET.parse(report).getroot()[0].attrib
    count, bad = int(suite["tests"]), int(suite["failures"]) + int(suite["errors"])
    problem = "" if ran.returncode in {0, 1} else f"pytest ended with {ran.returncode}"
    return Result(row.library, version, count, bad, problem)


def main(wanted: Sequence[str]) -> int:
    bad = False
    for row in ROWS:
        if wanted and row.library not in wanted:
            continue
        lines = []
        for result in results(row):
            print(result.line, flush=True)
            lines.append(result.line)
            bad |= bool(result.failed or result.problem)
        _keep(row.library, lines)
    return int(bad)


def _keep(library: str, lines: list[str]) -> None:
    """Renew the rows of one library; those of the others stay as they were measured."""
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    by_library: dict[str, list[str]] = {row.library: [] for row in ROWS}
    for line in written.splitlines():
        by_library.get(line[2:].partition(" | ")[0], []).append(line)
    by_library[library] = lines
    kept = [line for rows in by_library.values() for line in rows]
    PAGE.write_text("\n".join([_HEAD.strip(), *kept, ""]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
