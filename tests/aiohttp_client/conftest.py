"""Every case recorded against live servers, and replayed when they have stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.aiohttp_client.hosts import addresses
from tests.conformance import Program, Runs

KINDS = ("asyncio", "uvloop", "asyncio-without-extensions")


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Runs]:
    """Both runs on a loop and with a parser, made when first asked for."""

    @cache
    def run(kind: str) -> Runs:
        folder = tmp_path_factory.mktemp("aio")
        loop, _, extensions = kind.partition("-")
        with addresses(folder) as (names, upstream):
            program = Program(
                "tests.aiohttp_client.program",
                folder,
                "MODE",
                loop,
                str(folder),
                AIOHTTP_NO_EXTENSIONS="1" if extensions else "",
                TIMETRACER_MAX_BODY_KB="20000",
                **names,
            )
            program.record()
            before = upstream.requests
        program.replay()
        assert upstream.requests == before
        return program.runs()

    return run
