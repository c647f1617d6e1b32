"""OpenTelemetry's current context, without the way there: it is asked at every hook."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from opentelemetry import context as otel_context
from opentelemetry.context import Context

__all__ = ["get_current"]


def _shortest() -> Callable[[], Context]:
    # two Python functions around one variable; another runtime context than the usual is asked
    runtime = getattr(otel_context, "_RUNTIME_CONTEXT", None)
    variable = getattr(runtime, "_current_context", None)
    return variable.get if type(variable) is ContextVar else otel_context.get_current


get_current = _shortest()
"""As `opentelemetry.context.get_current`."""
