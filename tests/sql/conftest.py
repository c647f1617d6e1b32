"""Every case recorded against a live server, and replayed when it has stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server
from tests.sql.bench import KINDS

ROOT = Path(__file__).parent.parent.parent
TwoRunsOf = Callable[..., "TwoRuns"]


@dataclass(frozen=True)
class TwoRuns:
    """What each run saw, by case; and the cassette between them."""

    recorded: dict[str, Any]
    replayed: dict[str, Any]
    cassette: Path


@pytest.fixture(scope="session")
def two_runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., TwoRuns]:
    """Both runs with a kind of engine, made when first asked for."""

    @cache
    def run(kind: str, python: str = sys.executable) -> TwoRuns:
        folder = tmp_path_factory.mktemp(kind)
        with _addresses(kind, folder, request) as addresses:
            _program(
                python, "record", kind, folder, TIMETRACER_DIR=str(folder / "kept"), **addresses
            )
        for database in folder.glob("*.db"):
            database.unlink()
        (cassette,) = folder.glob("kept/**/*.json")
        _program(python, "replay", kind, folder, TIMETRACER_CASSETTE=str(cassette), **addresses)
        assert not list(folder.glob("*.db"))
        return TwoRuns(_seen(folder, "record"), _seen(folder, "replay"), cassette)

    return run


@contextmanager
def _addresses(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The server runs within the block, and has stopped after it."""
    scheme = KINDS[kind]
    system = scheme.partition("+")[0]
    if system == "sqlite":
        refused = folder / "nowhere" / "shop.db"
        names = {"URL": folder / "shop.db", "OTHER_URL": folder / "bar.db", "REFUSED_URL": refused}
        yield {name: f"{scheme}:///{path}" for name, path in names.items()}
        return
    fixture = "mariadb_server" if system == "mysql" else "postgresql_server"
    server: Server = request.getfixturevalue(fixture)
    server.start()
    server.renew()
    url = server.dsn(scheme.replace("psycopg_async", "psycopg"))
    other = "mysql" if system == "mysql" else "postgres"
    try:
        yield {
            "URL": url,
            "OTHER_URL": url.removesuffix(server.database) + other,
            "REFUSED_URL": url.replace(f":{server.port}/", ":9/"),
        }
    finally:
        server.stop()


def _seen(folder: Path, mode: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{mode}.json").read_text())
    return found


def _program(python: str, mode: str, kind: str, folder: Path, **variables: str) -> None:
    environment = {
        **os.environ,
        "TIMETRACER_MODE": mode,
        "TIMETRACER_BANNER": "0",
        "TIMETRACER_MAX_TRACE_KB": "200000",
        "PYTHONWARNINGS": "",
        "PYTHONHASHSEED": "0",  # SQLAlchemy makes dicts of parameters from sets
        **variables,
    }
    command = [python, "-m", "tests.sql.program", mode, kind, str(folder)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
