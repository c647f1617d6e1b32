"""The distro: defaults for a process whose only exporter is ours."""

from __future__ import annotations

import os
from typing import Any

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]

__all__ = ["TimetracerDistro"]


class TimetracerDistro(BaseDistro):  # type: ignore[misc]  # untyped upstream
    """Where nobody said otherwise: traces to cassettes, metrics and logs nowhere.

    With the stock distro installed too, either may be chosen; nothing else depends on it.
    """

    def _configure(self, **kwargs: Any) -> None:
        for signal, exporter in (("TRACES", "timetracer"), ("METRICS", "none"), ("LOGS", "none")):
            os.environ.setdefault(f"OTEL_{signal}_EXPORTER", exporter)
