"""Starlette, by contrib's instrumentor; `asgi` sees its payloads."""

from __future__ import annotations

from timetracer_otel.libraries import Instrumentor, Library

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name="starlette",
    protocol="http",
    module="starlette",
    distribution="starlette",
    versions=">=0.27",
    instrumentor=Instrumentor(
        entry_point="starlette",
        class_name="StarletteInstrumentor",
        distribution="opentelemetry-instrumentation-starlette",
    ),
)
