"""A driver used directly: an application sees of a replay what it saw of the live database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.drivers import program
from tests.drivers.bench import CASES, DRIVERS, MODULES, has_case
from tests.servers import Server
from tests.serving import ROOT

assert program  # its import enters the cases


@dataclass(frozen=True)
class TwoRuns:
    recorded: dict[str, Any]
    replayed: dict[str, Any]
    cassette: dict[str, Any]


@pytest.fixture(scope="session")
def two_runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], TwoRuns]:
    """Both runs with a driver, made when first asked for; the server is stopped in between."""

    @cache
    def run(driver: str) -> TwoRuns:
        folder = tmp_path_factory.mktemp(driver)
        server = _server(driver, request)
        address = json.dumps(_address(driver, server, folder))
        _program("record", driver, folder, address, TIMETRACER_DIR=str(folder / "kept"))
        if server is not None:
            server.stop()
        for database in folder.glob("*.db*"):
            database.unlink()
        (cassette,) = folder.glob("kept/**/*.json")
        _program("replay", driver, folder, address, TIMETRACER_CASSETTE=str(cassette))
        assert not list(folder.glob("*.db"))
        seen = [json.loads((folder / f"{mode}.json").read_text()) for mode in ("record", "replay")]
        recorded, replayed = seen
        return TwoRuns(recorded, replayed, json.loads(cassette.read_text()))

    return run


def _server(driver: str, request: pytest.FixtureRequest) -> Server | None:
    fixtures = {"postgresql": "postgresql_server", "mysql": "mariadb_server"}
    fixture = fixtures.get(DRIVERS[driver])
    if fixture is None:
        return None
    server: Server = request.getfixturevalue(fixture)
    server.start()
    server.renew()
    return server


def _address(driver: str, server: Server | None, folder: Path) -> Any:
    if server is None:
        return str(folder / "shop.db")
    if DRIVERS[driver] == "mysql":
        name = "db" if driver == "aiomysql" else "database"
        return {
            "host": server.host,
            "port": server.port,
            "user": server.user,
            "password": server.password,
            name: server.database,
        }
    return server.dsn("postgresql")


def _program(mode: str, driver: str, folder: Path, address: str, **variables: str) -> None:
    environment = {
        **os.environ,
        "TIMETRACER_MODE": mode,
        "TIMETRACER_BANNER": "0",
        "TIMETRACER_MAX_TRACE_KB": "200000",
        "ADDRESS": address,
        "PYTHONWARNINGS": "",
        **variables,
    }
    command = [sys.executable, "-m", "tests.drivers.program", mode, driver, str(folder)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, (ran.returncode, ran.stderr)


def marks_of(driver: str) -> list[Any]:
    """A worker for each driver; mysqlclient is built from source, where a compiler can do that."""
    module = MODULES.get(driver, driver.removesuffix("_async"))
    reason = f"{driver} is not installed: its C code needs `apt-get install libmariadb-dev`"
    missing = pytest.mark.skipif(find_spec(module) is None, reason=reason)
    return [pytest.mark.xdist_group(driver), missing]


def _parameters() -> list[Any]:
    return [
        pytest.param(driver, name, id=f"{driver}-{name}", marks=marks_of(driver))
        for driver in DRIVERS
        for name in CASES
        if has_case(driver, name)
    ]


@pytest.mark.parametrize(("driver", "name"), _parameters())
def test_replayed_as_recorded(two_runs: Callable[[str], TwoRuns], driver: str, name: str) -> None:
    """Value by value, errors, their attributes and their causes included."""
    runs = two_runs(driver)
    assert runs.recorded[name], "a case that saw nothing says nothing"
    assert not any(isinstance(seen, dict) and "escaped" in seen for seen in runs.recorded[name])
    assert runs.replayed[name] == runs.recorded[name]
