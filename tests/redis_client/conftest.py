"""Every case recorded against live servers, and replayed when they have stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import cache

import pytest

from tests.conformance import Program, Runs
from tests.servers import Redis, RedisCluster


@pytest.fixture(scope="session")
def two_runs(
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: Redis,
    redis_cluster_server: RedisCluster,
) -> Callable[[tuple[str, ...]], Runs]:
    """Both runs with some kinds of clients, made when first asked for."""

    @cache
    def run(kinds: tuple[str, ...]) -> Runs:
        folder = tmp_path_factory.mktemp("redis")
        with socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
        deaf = socket.create_server(("127.0.0.1", 0), backlog=50)
        variables = {
            "REDIS_PORT": str(redis_server.port),
            "REDIS_SOCKET": str(redis_server.socket_path),
            "CLUSTER_PORT": str(redis_cluster_server.port),
            "REFUSED_PORT": str(refused),
            "DEAF_PORT": str(deaf.getsockname()[1]),
            **({"HIREDIS": "1"} if "hiredis" in kinds[0] else {}),
        }
        for server in (redis_server, redis_cluster_server):
            server.start()
        program = Program(
            "tests.redis_client.program",
            folder,
            "MODE",
            str(folder),
            *kinds,
            TIMETRACER_MAX_MEMORY_MB="400",
            **variables,
        )
        program.record()
        deaf.close()
        for server in (redis_server, redis_cluster_server):
            server.stop()
        program.replay()
        return program.runs()

    return run
