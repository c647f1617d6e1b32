"""The same cases under SQLAlchemy 2.0."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.sql.conftest import ROOT, TwoRunsOf

_FOLDER = ROOT / ".cache" / "versions" / "sqlalchemy-2.0"
_DRIVERS = (
    "aiomysql",
    "aiosqlite",
    "asyncpg",
    "cryptography",
    "greenlet",
    "psycopg[binary]",
    "psycopg2-binary",
    "pymysql",
)


@cache
def _python() -> str:
    """The interpreter of an environment with SQLAlchemy 2.0; "" where it cannot be made."""
    python = _FOLDER / "bin" / "python"
    if (_FOLDER / "complete").exists():
        return str(python)
    constraints = _FOLDER.parent / "sqlalchemy-2.0.txt"
    constraints.parent.mkdir(parents=True, exist_ok=True)
    lines = (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("sqlalchemy==")]
    constraints.write_text("\n".join([*kept, "sqlalchemy==2.0.*", ""]))
    uv = [sys.executable, "-m", "uv"]
    install = ["pip", "install", "--quiet", "--python", str(python), "--constraint"]
    what = ["--editable", f"{ROOT}[sqlalchemy]", *_DRIVERS]
    for command in (
        ["venv", "--quiet", "--clear", "--python", sys.executable, str(_FOLDER)],
        [*install, str(constraints), *what],
    ):
        if subprocess.run([*uv, *command], cwd=ROOT, check=False).returncode:
            return ""
    (_FOLDER / "complete").touch()
    return str(python)


@pytest.mark.parametrize("kind", ["sqlite", "psycopg-async", "psycopg2", "asyncpg", "aiomysql"])
def test_sqlalchemy_2_0_replays_as_recorded(two_runs: TwoRunsOf, kind: str) -> None:
    """Every case, one driver of each kind."""
    python = _python()
    if not python:
        reason = "no environment with SQLAlchemy 2.0 could be made: is there a registry?"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    runs = two_runs(kind, python)
    assert list(runs.recorded) == list(runs.replayed)
    different = [name for name in runs.recorded if runs.recorded[name] != runs.replayed[name]]
    assert not different


def test_the_installed_version_is_not_2_0() -> None:
    """So that the two tables are not one."""
    import sqlalchemy

    assert Path(sqlalchemy.__file__).is_relative_to(Path(sys.prefix))
    assert not sqlalchemy.__version__.startswith("2.0.")
