"""The same cases under SQLAlchemy 2.0, which is too common to wait for `make test-versions`."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.sql.conftest import TwoRunsOf
from tests.versions.environments import python_of


@cache
def _python() -> str:
    """The interpreter of an environment with SQLAlchemy 2.0; "" where it cannot be made."""
    try:
        return python_of("sqlalchemy-2.0", ("sqlalchemy==2.0.*",))
    except subprocess.CalledProcessError:
        return ""


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
