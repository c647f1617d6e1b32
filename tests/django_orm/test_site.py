"""Django's ORM in a whole application: recorded, the database stopped, the same to the byte."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.django_orm.visit import Visit
from tests.servers import Server
from tests.wsgi.serving import (
    Reply,
    cassettes,
    free_port,
    recording,
    replayed,
    running,
    wait_for_cassettes,
)
from timetracer_otel.cassette import Cassette

_BACKENDS = "django.db.backends"
DATABASES: dict[str, dict[str, Any]] = {
    "sqlite": {"ENGINE": f"{_BACKENDS}.sqlite3"},
    "psycopg": {"ENGINE": f"{_BACKENDS}.postgresql"},
    "psycopg-pool": {
        "ENGINE": f"{_BACKENDS}.postgresql",
        "OPTIONS": {"pool": {"min_size": 2, "max_size": 4, "timeout": 10}},
    },
    "psycopg2": {
        "ENGINE": f"{_BACKENDS}.postgresql",
        "PSYCOPG2": True,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    },
    "pymysql": {"ENGINE": f"{_BACKENDS}.mysql", "PYMYSQL": True, "CONN_MAX_AGE": 60},
    "mysqlclient": {"ENGINE": f"{_BACKENDS}.mysql", "CONN_MAX_AGE": 60},
}
_SITE = "tests.django_orm.site"
SERVERS = {
    "sqlite": ["-m", "gunicorn", "--bind", "127.0.0.1:{port}", f"{_SITE}.wsgi"],
    "psycopg": ["-m", "uvicorn", "--port", "{port}", f"{_SITE}.asgi:application"],
    "psycopg2": ["-m", "tests.django_orm.manage", "runserver", "--noreload", "{port}"],
    "pymysql": ["-m", "gunicorn", "--threads", "2", "-b", "127.0.0.1:{port}", f"{_SITE}.wsgi"],
    "psycopg-pool": ["-m", "gunicorn", "--threads", "2", "-b", "127.0.0.1:{port}", f"{_SITE}.wsgi"],
    "mysqlclient": ["-m", "gunicorn", "--bind", "127.0.0.1:{port}", f"{_SITE}.wsgi"],
}
APPLICATIONS = {"psycopg": f"{_SITE}.asgi:application"}
_SETTINGS: dict[str, Any] = {"DJANGO_SETTINGS_MODULE": f"{_SITE}.settings"}


class Recorded(NamedTuple):
    kind: str
    command: list[str]
    folder: Path
    replies: list[Reply]
    environ: dict[str, Any]

    def again(self, *words: str) -> list[str]:
        """What became of the requests in a new process, whose sets have another order."""
        found = replayed(self.folder, *words, **self.environ, PYTHONHASHSEED="7")
        assert found.code == 0, found.said
        return found.results


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, marks=pytest.mark.xdist_group(f"django-{k}")) for k in DATABASES],
)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    kind = request.param
    if kind == "mysqlclient":
        pytest.importorskip("MySQLdb", reason="mysqlclient is built from source")
    folder, port = tmp_path_factory.mktemp(kind), free_port()
    server = _server(kind, request)
    environ: dict[str, Any] = {"DATABASE": json.dumps(_database(kind, server, folder)), **_SETTINGS}
    command = [sys.executable, *(word.format(port=port) for word in SERVERS[kind])]
    record = recording(command, folder / "kept")
    with running(record, port, log=folder / "log", **environ, PYTHONHASHSEED="1"):
        visit = Visit(port)
        visit.all_pages(postgresql=kind.startswith("psycopg"))
        wait_for_cassettes(folder / "kept", len(visit.replies))
    if server is not None:
        server.stop()
    for file in folder.glob("shop.db*"):
        file.unlink()
    assert "recording failed" not in (folder / "log").read_text()
    return Recorded(kind, command, folder / "kept", visit.replies, environ)


def _server(kind: str, request: pytest.FixtureRequest) -> Server | None:
    if kind == "sqlite":
        return None
    fixture = "postgresql_server" if kind.startswith("psycopg") else "mariadb_server"
    server: Server = request.getfixturevalue(fixture)
    server.start()
    server.renew()
    return server


def _database(kind: str, server: Server | None, folder: Path) -> dict[str, Any]:
    if server is None:
        return {**DATABASES[kind], "NAME": str(folder / "shop.db")}
    return {
        **DATABASES[kind],
        "HOST": server.host,
        "PORT": server.port,
        "USER": server.user,
        "PASSWORD": server.password,
        "NAME": server.database,
    }


def test_its_pages_work_while_they_are_recorded(recorded: Recorded) -> None:
    statuses = [reply.status for reply in recorded.replies]
    account = [200, 200, 302, 200, 200, 200, 302, 403, 200, 200, 200, 200, 200]
    assert statuses[-13:] == account
    assert {*statuses[:-13]} == {200}


def test_the_application_answers_the_same(recorded: Recorded) -> None:
    app = APPLICATIONS.get(recorded.kind, f"{_SITE}.wsgi:application")
    assert recorded.again("--app", app) == ["same"] * len(recorded.replies)


def test_the_server_answers_the_same(recorded: Recorded) -> None:
    assert recorded.again("--", *recorded.command) == ["same"] * len(recorded.replies)


def _asked(cassette: Cassette) -> list[str]:
    return [interaction.title for interaction in cassette.interactions]


def test_migrations_at_start_are_no_part_of_a_request(recorded: Recorded) -> None:
    for cassette in cassettes(recorded.folder):
        started = [interaction.title for interaction in cassette.bootstrap]
        assert any(
            title.startswith("CREATE TABLE") and "django_migrations" in title for title in started
        )
        assert not any(
            "CREATE TABLE" in title or "django_migrations" in title for title in _asked(cassette)
        )


def test_what_sets_a_connection_up_is_no_part_of_a_request(recorded: Recorded) -> None:
    setting_up = ("PRAGMA foreign_keys", "SELECT VERSION()", "SELECT 1", "SET SESSION", "SET sql")
    for cassette in cassettes(recorded.folder):
        asked = [title for title in _asked(cassette) if title.startswith(setting_up)]
        assert [title for title in asked if not title.startswith("SELECT 1 AS")] == []
