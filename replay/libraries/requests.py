"""requests: what it sends is its own; http.client's connections lead to the recording."""

from __future__ import annotations

from timetracer_otel.capture.requests import LIBRARY as CAPTURED

__all__ = ["LIBRARY"]

LIBRARY = CAPTURED.in_replay(
    changes=CAPTURED.changes,
)
