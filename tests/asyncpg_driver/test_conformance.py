"""What an application sees of a replayed database is what it saw of the live one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.asyncpg_driver import program
from tests.asyncpg_driver.caller import CASES
from tests.servers import Postgresql
from tests.serving import ROOT

assert program  # its import enters the cases


@pytest.fixture(scope="module")
def runs(
    postgresql_server: Postgresql, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What each run saw, by case; the server is stopped in between."""
    folder = tmp_path_factory.mktemp("asyncpg")
    postgresql_server.start()
    postgresql_server.renew()
    dsn = postgresql_server.dsn("postgresql")
    try:
        _program("record", folder, dsn, TIMETRACER_DIR=str(folder / "kept"))
        postgresql_server.stop()
        (cassette,) = folder.glob("kept/**/*.json")
        _program("replay", folder, dsn, TIMETRACER_CASSETTE=str(cassette), PYTHONHASHSEED="7")
    finally:
        postgresql_server.start()
    return {
        mode: json.loads((folder / f"{mode}.json").read_text()) for mode in ("record", "replay")
    }


def _program(mode: str, folder: Path, dsn: str, **variables: str) -> None:
    environment = {**os.environ, "TIMETRACER_MODE": mode, "TIMETRACER_BANNER": "0", **variables}
    command = [sys.executable, "-m", "tests.asyncpg_driver.program", mode, str(folder), dsn]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", CASES)
def test_replayed_as_recorded(runs: dict[str, dict[str, Any]], name: str) -> None:
    """Values, their types, errors with every field."""
    assert runs["replay"][name] == runs["record"][name]
