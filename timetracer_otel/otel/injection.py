"""Our options for the official instrumentors, however they are started."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import metadata
from typing import Any

import timetracer_otel.capture
from timetracer_otel.libraries import Instrumentor, library_modules
from timetracer_otel.patching import Patch

__all__ = ["INSTRUMENT_PATCH", "start_refused_instrumentors"]


def _options_by_class() -> dict[str, dict[str, object]]:
    return {
        library.instrumentor.class_name: dict(library.instrumentor.options)
        for library in library_modules(timetracer_otel.capture)
        if library.instrumentor is not None
    }


def _with_options(original: Callable[..., Any]) -> Callable[..., Any]:
    options = _options_by_class()

    @wraps(original)
    def instrument(self: Any, **keywords: Any) -> Any:
        ours = options.get(type(self).__name__, {})
        return original(self, **{**ours, **keywords})

    return instrument


INSTRUMENT_PATCH = Patch(
    "opentelemetry.instrumentation.instrumentor:BaseInstrumentor.instrument", _with_options
)
"""Adds our options under the caller's own; works under any distro and for calls by hand."""


def start_refused_instrumentors(captured: set[str]) -> None:
    """Start the instrumentors of captured libraries that are not running yet.

    The loader refuses an instrumentor whose declared range does not cover the installed
    version (SQLAlchemy 2.1, say) although it works; and `instrument()` in code has no loader.
    """
    for library in library_modules(timetracer_otel.capture):
        if library.instrumentor is not None and library.name in captured:
            _start(library.instrumentor)


def _start(wanted: Instrumentor) -> None:
    points = metadata.entry_points(group="opentelemetry_instrumentor", name=wanted.entry_point)
    for point in points:
        instrumentor = point.load()()
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(skip_dep_check=True)
        return
