"""Clock and draws captured in this process, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import timetracer_otel.capture
from tests.core.tracing import Recording, recording
from timetracer_otel.libraries import Installation


@pytest.fixture
def recorded() -> Iterator[Recording]:
    capture = Installation(timetracer_otel.capture)
    statuses = capture.install(("none",))
    assert {"clock", "draws"} <= {status.name for status in statuses if status.captured}
    try:
        with recording() as running:
            yield running
    finally:
        capture.uninstall()
