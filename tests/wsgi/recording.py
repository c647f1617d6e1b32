"""Recording in this process, with the provider where our own spans look for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import opentelemetry.trace
import pytest
from opentelemetry.trace import TracerProvider

from tests.core.tracing import Recording, recording
from timetracer_otel.recording.guard import FAULTS


class _Provider(TracerProvider):
    def __init__(self, recorded: Recording) -> None:
        self._recorded = recorded

    def get_tracer(self, *_args: Any, **_keywords: Any) -> Any:
        return self._recorded.tracer


@contextmanager
def recorded_here(**settings: Any) -> Iterator[Recording]:
    """Record; no fault of ours is passed over."""
    before = FAULTS.copy()
    with recording(**settings) as recorded, pytest.MonkeyPatch.context() as patch:
        patch.setattr(opentelemetry.trace, "_TRACER_PROVIDER", _Provider(recorded))
        yield recorded
    assert before == FAULTS
