"""What an application sees of a replayed exchange with memcached is what it saw of the live one."""

from __future__ import annotations

import socket

import pytest

from tests.conformance import Program, Runs
from tests.memcached import cases
from tests.memcached.caller import CASES, KINDS
from tests.servers import Memcached
from tests.serving import free_port

assert cases  # it enters its cases

pytestmark = pytest.mark.xdist_group("memcached")


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory, memcached_server: Memcached) -> Runs:
    """Recorded against a live server, and replayed when it has stopped."""
    folder = tmp_path_factory.mktemp("memcached")
    memcached_server.start()
    with socket.create_server(("127.0.0.1", 0), backlog=50) as deaf:
        variables = {
            "MEMCACHED_PORT": str(memcached_server.port),
            "DEAF_PORT": str(deaf.getsockname()[1]),
            "REFUSED_PORT": str(free_port()),
        }
        program = Program("tests.memcached.program", folder, "MODE", str(folder), **variables)
        program.record()
    memcached_server.stop()
    program.replay()
    return program.runs()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_replayed_as_recorded(two_runs: Runs, kind: str, name: str) -> None:
    """Values, types, errors and their attributes."""
    assert two_runs.replayed[kind][name] == two_runs.recorded[kind][name]


def test_what_the_application_pickled_is_bytes_in_the_cassette(two_runs: Runs) -> None:
    text = two_runs.cassette.read_text()
    assert '"$bytes"' in text
    assert "$opaque" not in text
