"""FastAPI, by contrib's instrumentor or by its own telemetry (0.165 and later)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.asgi import AsgiCapture
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import PatchIfPresent

__all__ = ["LIBRARY"]


def _inside_native_span(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def call(self: Any, *, app: Any, **keywords: Any) -> Any:
        return await original(self, app=AsgiCapture(app), **keywords)

    return call


LIBRARY = Library(
    name="fastapi",
    protocol="http",
    module="fastapi",
    distribution="fastapi",
    versions=">=0.100",
    changes=(
        PatchIfPresent("fastapi.telemetry._asgi:NativeTelemetry.__call__", _inside_native_span),
    ),
    instrumentor=Instrumentor(
        entry_point="fastapi",
        class_name="FastAPIInstrumentor",
        distribution="opentelemetry-instrumentation-fastapi",
        options=(("exclude_spans", ["receive", "send"]),),
    ),
)
