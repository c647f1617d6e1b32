"""FastAPI, by contrib's instrumentor or by its own telemetry (0.165 and later)."""

from __future__ import annotations

from timetracer_otel.libraries import Instrumentor, Library

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name="fastapi",
    protocol="http",
    module="fastapi",
    distribution="fastapi",
    versions=">=0.100",
    instrumentor=Instrumentor(
        entry_point="fastapi",
        class_name="FastAPIInstrumentor",
        distribution="opentelemetry-instrumentation-fastapi",
        options=(("exclude_spans", ["receive", "send"]),),
    ),
)
