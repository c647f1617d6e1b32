"""The service recorded, by either way of starting it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replay.recorded import Recorded, recorded


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Recorded by ``timetracer record -- uvicorn …``."""
    command = [sys.executable, "-m", "timetracer_otel.cli", "record", "--"]
    with recorded(tmp_path_factory.mktemp("shop"), command) as found:
        yield found


@pytest.fixture(scope="session")
def instrumented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Recorded by ``opentelemetry-instrument``."""
    program = Path(sys.executable).parent / "opentelemetry-instrument"
    command = [str(program), "--traces_exporter", "timetracer"]
    with recorded(tmp_path_factory.mktemp("instrumented"), command) as found:
        yield found
