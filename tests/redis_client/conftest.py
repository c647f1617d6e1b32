"""Every case recorded against live servers, and replayed when they have stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Redis, RedisCluster

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class TwoRuns:
    """What each run saw, by kind and case; and the cassette between them."""

    recorded: dict[str, dict[str, Any]]
    replayed: dict[str, dict[str, Any]]
    cassette: Path


@pytest.fixture(scope="session")
def two_runs(
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: Redis,
    redis_cluster_server: RedisCluster,
) -> Callable[[tuple[str, ...]], TwoRuns]:
    """Both runs with some kinds of clients, made when first asked for."""

    @cache
    def run(kinds: tuple[str, ...]) -> TwoRuns:
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
        _program("record", folder, kinds, TIMETRACER_DIR=str(folder / "kept"), **variables)
        (cassette,) = folder.glob("kept/**/*.json")
        deaf.close()
        for server in (redis_server, redis_cluster_server):
            server.stop()
        _program("replay", folder, kinds, TIMETRACER_CASSETTE=str(cassette), **variables)
        return TwoRuns(_seen(folder, "record"), _seen(folder, "replay"), cassette)

    return run


def _seen(folder: Path, mode: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{mode}.json").read_text())
    return found


def _program(mode: str, folder: Path, kinds: tuple[str, ...], **variables: str) -> None:
    environment = {
        **os.environ,
        "TIMETRACER_MODE": mode,
        "TIMETRACER_BANNER": "0",
        "TIMETRACER_MAX_TRACE_KB": "200000",
        "TIMETRACER_MAX_MEMORY_MB": "400",
        "PYTHONWARNINGS": "",
        **variables,
    }
    command = [sys.executable, "-m", "tests.redis_client.program", mode, str(folder), *kinds]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "recording failed" not in ran.stderr, ran.stderr
