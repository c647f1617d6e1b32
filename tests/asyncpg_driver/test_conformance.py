"""What an application sees of a replayed database is what it saw of the live one."""

from __future__ import annotations

import pytest

from tests.asyncpg_driver import program
from tests.asyncpg_driver.caller import CASES
from tests.conformance import Program, Runs
from tests.servers import Postgresql

assert program  # its import enters the cases


@pytest.fixture(scope="module")
def runs(postgresql_server: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """What each run saw, by case; the server is stopped in between."""
    folder = tmp_path_factory.mktemp("asyncpg")
    postgresql_server.start()
    postgresql_server.renew()
    dsn = postgresql_server.dsn("postgresql")
    program = Program("tests.asyncpg_driver.program", folder, "MODE", str(folder), dsn)
    try:
        program.record()
        postgresql_server.stop()
        program.replay(PYTHONHASHSEED="7")
    finally:
        postgresql_server.start()
    return program.runs()


@pytest.mark.parametrize("name", CASES)
def test_replayed_as_recorded(runs: Runs, name: str) -> None:
    """Values, their types, errors with every field."""
    assert runs.replayed[name] == runs.recorded[name]
