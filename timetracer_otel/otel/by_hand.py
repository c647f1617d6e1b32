"""The exporter used by hand: recording starts when a provider gets it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from timetracer_otel.otel.start import begin_behind
from timetracer_otel.patching import Ledger, Patch
from timetracer_otel.recording import guarded

__all__ = ["record_when_added"]

_LEDGER = Ledger()
_installed = False


def record_when_added() -> None:
    """From now on, a processor around our exporter starts the recording of its provider."""
    global _installed
    if not _installed:
        _installed = True
        target = "opentelemetry.sdk.trace:TracerProvider.add_span_processor"
        _LEDGER.apply([Patch(target, _noticing)])


def _noticing(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def add_span_processor(self: TracerProvider, span_processor: SpanProcessor) -> None:
        original(self, span_processor)
        if not _from_configurator() and _is_ours(span_processor):
            with guarded("start by hand"):
                begin_behind(self)

    return add_span_processor


def _is_ours(processor: SpanProcessor) -> bool:
    return hasattr(getattr(processor, "span_exporter", None), "sink")


def _from_configurator() -> bool:
    """Under auto-instrumentation the entry point starts us, once everything is configured."""
    caller: Any = sys._getframe(2)
    return bool(caller.f_globals.get("__name__") == "opentelemetry.sdk._configuration")
