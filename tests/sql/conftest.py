"""Every case recorded against a live server, and replayed when it has stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.conformance import Program, Runs
from tests.servers import Server
from tests.sql.bench import KINDS

TwoRunsOf = Callable[..., Runs]


@pytest.fixture(scope="session")
def two_runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TwoRunsOf:
    """Both runs with a kind of engine, made when first asked for."""

    @cache
    def run(kind: str, python: str = sys.executable) -> Runs:
        folder = tmp_path_factory.mktemp(kind)
        with _addresses(kind, folder, request) as addresses:
            program = Program(
                "tests.sql.program",
                folder,
                "MODE",
                kind,
                str(folder),
                python=python,
                PYTHONHASHSEED="0",  # SQLAlchemy makes dicts of parameters from sets
                **addresses,
            )
            program.record()
        for database in folder.glob("*.db"):
            database.unlink()
        program.replay()
        assert not list(folder.glob("*.db"))
        return program.runs()

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
