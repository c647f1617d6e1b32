"""FastAPI, by contrib's instrumentor or by its own telemetry (0.165 and later).

Contrib's instrumentor puts a subclass in the place of `FastAPI`, so that an application may be
no instance of it any more. The class stays here, and each application is instrumented when it
is first called, unless its own code has done so by then, with options of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.asgi import TRACED, AsgiCapture
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch, PatchIfPresent, WhenImported
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _inside_native_span(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def call(self: Any, *, app: Any, **keywords: Any) -> Any:
        return await original(self, app=AsgiCapture(app), **keywords)

    return call


def _first_called(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if self.middleware_stack is None and "fastapi" in TRACED:
            with guarded("fastapi application"):
                _instrumented(self)
        await original(self, scope, receive, send)

    return call


def _instrumented(app: Any) -> None:
    if not getattr(app, "_is_instrumented_by_opentelemetry", False):
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(app, **TRACED["fastapi"])


def _keeping_the_class(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def _instrument(self: Any, **keywords: Any) -> None:
        import fastapi

        self._original_fastapi = fastapi.FastAPI  # what `_uninstrument` puts there
        TRACED["fastapi"] = keywords

    return _instrument


def _no_more(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def _uninstrument(self: Any, **keywords: Any) -> None:
        TRACED.pop("fastapi", None)
        original(self, **keywords)

    return _uninstrument


_INSTRUMENTOR = "opentelemetry.instrumentation.fastapi:FastAPIInstrumentor"

LIBRARY = Library(
    name="fastapi",
    protocol="http",
    module="fastapi",
    distribution="fastapi",
    versions=">=0.110",
    changes=(
        Patch("fastapi.applications:FastAPI.__call__", _first_called),
        WhenImported(
            "opentelemetry.instrumentation.fastapi",
            (
                Patch(f"{_INSTRUMENTOR}._instrument", _keeping_the_class),
                Patch(f"{_INSTRUMENTOR}._uninstrument", _no_more),
            ),
        ),
        PatchIfPresent("fastapi.telemetry._asgi:NativeTelemetry.__call__", _inside_native_span),
    ),
    instrumentor=Instrumentor(
        entry_point="fastapi",
        class_name="FastAPIInstrumentor",
        distribution="opentelemetry-instrumentation-fastapi",
        options=(("exclude_spans", ["receive", "send"]),),
    ),
)
