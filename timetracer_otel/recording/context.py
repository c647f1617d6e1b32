"""OpenTelemetry's current context, without the way there: it is asked at every hook."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext

__all__ = ["context_of", "get_current"]


def _shortest() -> Callable[[], Context]:
    # two Python functions around one variable; another runtime context than the usual is asked
    runtime = getattr(otel_context, "_RUNTIME_CONTEXT", None)
    variable = getattr(runtime, "_current_context", None)
    return variable.get if type(variable) is ContextVar else otel_context.get_current


get_current = _shortest()
"""As `opentelemetry.context.get_current`."""


def context_of(span: Any) -> SpanContext:
    """As ``span.get_span_context()``; of a span of the SDK's without the way through two functions.

    A span context is a tuple, and is looked into by index: its properties are functions as well.
    """
    try:
        context = span._context
        if type(context) is SpanContext:
            return context
    except AttributeError:  # somebody's own
        pass
    return span.get_span_context() or INVALID_SPAN_CONTEXT
