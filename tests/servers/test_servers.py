"""The servers the other tests rely on."""

from __future__ import annotations

import socket
from typing import Any

import psycopg
import pymysql
import pytest
import redis
from pymemcache.client.base import Client

from tests.servers import Mariadb, Memcached, Postgresql, Redis, Server, programs


def _postgresql(server: Postgresql, statement: str) -> Any:
    with psycopg.connect(server.dsn("postgresql"), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _mariadb(server: Mariadb, statement: str) -> Any:
    connection = pymysql.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        database=server.database,
        autocommit=True,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _refuses(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((server.host, server.port)) != 0


def test_postgresql_keeps_data_and_address_while_it_is_stopped(postgresql: Postgresql) -> None:
    _postgresql(postgresql, "CREATE TABLE kept AS SELECT 42 AS answer")
    address = postgresql.dsn("postgresql")
    postgresql.stop()
    assert _refuses(postgresql)
    postgresql.start()
    assert postgresql.dsn("postgresql") == address
    assert _postgresql(postgresql, "SELECT answer FROM kept") == [(42,)]


def test_mariadb_keeps_data_and_address_while_it_is_stopped(mariadb: Mariadb) -> None:
    _mariadb(mariadb, "CREATE TABLE kept AS SELECT 42 AS answer")
    address = mariadb.dsn("mysql")
    mariadb.stop()
    assert _refuses(mariadb)
    mariadb.start()
    assert mariadb.dsn("mysql") == address
    assert _mariadb(mariadb, "SELECT answer FROM kept") == [(42,)]


@pytest.mark.parametrize("turn", ["one", "another"])
def test_every_test_finds_an_empty_postgresql_that_runs(postgresql: Postgresql, turn: str) -> None:
    _postgresql(postgresql, f"CREATE TABLE mine AS SELECT '{turn}' AS turn")
    postgresql.stop()


@pytest.mark.parametrize("turn", ["one", "another"])
def test_every_test_finds_an_empty_mariadb_that_runs(mariadb: Mariadb, turn: str) -> None:
    _mariadb(mariadb, f"CREATE TABLE mine AS SELECT '{turn}' AS turn")
    mariadb.stop()


@pytest.mark.parametrize("turn", ["one", "another"])
@pytest.mark.parametrize("fixture", ["redis_standalone", "redis_cluster"])
def test_every_test_finds_an_empty_redis_that_runs(
    request: pytest.FixtureRequest, fixture: str, turn: str
) -> None:
    server: Redis = request.getfixturevalue(fixture)
    with redis.Redis(host=server.host, port=server.port) as client:
        assert client.set("mine", turn, nx=True)
    server.stop()


@pytest.mark.parametrize("turn", ["one", "another"])
def test_every_test_finds_an_empty_memcached_that_runs(memcached: Memcached, turn: str) -> None:
    client = Client((memcached.host, memcached.port))
    assert client.add("mine", turn, noreply=False)
    client.close()
    memcached.stop()


@pytest.mark.usefixtures("postgresql_server")  # skips where there is none to be had
def test_a_server_leaves_nothing_behind() -> None:
    server = Postgresql()
    server.close()
    assert not server.running
    assert not server.folder.exists()
    assert _refuses(server)


@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "errors")])
def test_a_missing_server_is_skipped_with_its_package_and_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    monkeypatch.setattr(programs, "_folders", lambda: [str(pytester.path)])
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest('pytest_plugins = ["tests.servers.fixtures"]')
    pytester.makepyfile("def test_needs_it(mariadb): ...")
    result = pytester.runpytest_inprocess("-ra", "-p", "no:randomly")
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines("*apt-get install mariadb-server*")
