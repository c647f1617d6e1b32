"""What the application does not import is not imported for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import timetracer_otel.capture
import timetracer_otel.replay.libraries
from tests.replay.cassettes import a_cassette
from tests.serving import ROOT
from timetracer_otel.cassette import write_cassette
from timetracer_otel.libraries import library_modules

FOREIGN = {
    library.module.partition(".")[0]
    for package in (timetracer_otel.capture, timetracer_otel.replay.libraries)
    for library in library_modules(package)
    if library.distribution and not library.module.startswith("opentelemetry")
}
OPTIONAL = {"asyncpg", "psycopg", "psycopg2", "pymysql", "aiomysql", "uvloop", "httptools", "h11"}

PROGRAM = """
import json, sys
{first}
import timetracer_otel
timetracer_otel.instrument()
{then}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def _imported(folder: Path, mode: str, *, first: str = "", then: str = "") -> set[str]:
    """The packages that are imported in a process of this mode."""
    cassette = folder / "one.json"
    cassette.write_bytes(write_cassette(a_cassette()))
    kept = {
        "record": {"TIMETRACER_DIR": str(folder)},
        "replay": {"TIMETRACER_CASSETTE": str(cassette)},
    }
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first, then=then)],
        cwd=ROOT,
        env={**os.environ, "TIMETRACER_MODE": mode, "TIMETRACER_BANNER": "0", **kept[mode]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize("mode", ["record", "replay"])
def test_starting_imports_no_library(tmp_path: Path, mode: str) -> None:
    assert not _imported(tmp_path, mode) & (FOREIGN | OPTIONAL)


@pytest.mark.parametrize("mode", ["record", "replay"])
@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
def test_a_library_brings_none_of_those_it_may_be_used_with(
    tmp_path: Path, mode: str, *, early: bool
) -> None:
    """SQLAlchemy imports a driver when an engine is made, uvicorn a parser when it starts."""
    imports = "import sqlalchemy, uvicorn"
    found = _imported(tmp_path, mode, **{"first" if early else "then": imports})
    assert not found & OPTIONAL
