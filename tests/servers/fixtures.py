"""Fixtures: a running server of each kind, with an empty database for every test.

`postgresql`, `mariadb`, `redis_standalone`, `redis_cluster`, `memcached` and `mongodb` are what a
test asks for. `postgresql_server`, `mariadb_server`, … are the instances behind them, one a session
(one a worker under pytest-xdist), for fixtures of a wider scope: started when first asked for, with
whatever the last test left in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.servers import (
    Mariadb,
    Memcached,
    MissingProgram,
    Mongodb,
    Postgresql,
    Redis,
    RedisCluster,
    Server,
)

__all__ = [
    "mariadb",
    "mariadb_server",
    "memcached",
    "memcached_server",
    "mongodb",
    "mongodb_server",
    "postgresql",
    "postgresql_server",
    "redis_cluster",
    "redis_cluster_server",
    "redis_server",
    "redis_standalone",
]

AnyServer = TypeVar("AnyServer", bound=Server)


def _instance(kind: type[AnyServer]) -> Iterator[AnyServer]:
    try:
        server = kind()
    except MissingProgram as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    try:
        yield server
    finally:
        server.close()


def _renewed(server: AnyServer) -> AnyServer:
    server.start()  # a test may have stopped it
    server.renew()
    return server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgresql]:
    """One PostgreSQL for the whole session."""
    yield from _instance(Postgresql)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Mariadb]:
    """One MariaDB for the whole session."""
    yield from _instance(Mariadb)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """One Redis for the whole session."""
    yield from _instance(Redis)


@pytest.fixture(scope="session")
def redis_cluster_server() -> Iterator[RedisCluster]:
    """One cluster of Redis for the whole session."""
    yield from _instance(RedisCluster)


@pytest.fixture(scope="session")
def memcached_server() -> Iterator[Memcached]:
    """One memcached for the whole session."""
    yield from _instance(Memcached)


@pytest.fixture(scope="session")
def mongodb_server() -> Iterator[Mongodb]:
    """One server of MongoDB's wire protocol for the whole session."""
    yield from _instance(Mongodb)


@pytest.fixture
def postgresql(postgresql_server: Postgresql) -> Postgresql:
    """A PostgreSQL that runs, with an empty database."""
    return _renewed(postgresql_server)


@pytest.fixture
def mariadb(mariadb_server: Mariadb) -> Mariadb:
    """A MariaDB that runs, with an empty database."""
    return _renewed(mariadb_server)


@pytest.fixture
def redis_standalone(redis_server: Redis) -> Redis:
    """A Redis that runs, with nothing in it."""
    return _renewed(redis_server)


@pytest.fixture
def redis_cluster(redis_cluster_server: RedisCluster) -> RedisCluster:
    """A cluster of Redis that runs, with nothing in it."""
    return _renewed(redis_cluster_server)


@pytest.fixture
def memcached(memcached_server: Memcached) -> Memcached:
    """A memcached that runs, with nothing in it."""
    return _renewed(memcached_server)


@pytest.fixture
def mongodb(mongodb_server: Mongodb) -> Mongodb:
    """A server of MongoDB's wire protocol that runs, with nothing in it."""
    return _renewed(mongodb_server)
