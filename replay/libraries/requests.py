"""requests: what it sends is its own; http.client's connections lead to the recording."""

from __future__ import annotations

from timetracer_otel.capture.requests import LIBRARY as CAPTURED
from timetracer_otel.libraries import Library

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name=CAPTURED.name,
    protocol=CAPTURED.protocol,
    module=CAPTURED.module,
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=CAPTURED.changes,
)
