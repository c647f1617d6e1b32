"""Starlette: a span around the whole application; `asgi` sees its payloads.

Contrib's instrumentor puts a subclass in the place of `Starlette`, so that an application may be
no instance of it any more, and its span below the middleware added later and below the handler
of unexpected errors, whose answers then belong to no request. The class stays here, and the
span goes around everything when the application is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.asgi import TRACED, framework_of, outermost
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _first_called(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if self.middleware_stack is None and framework_of(self) == "starlette":
            stack = self.build_middleware_stack()
            with guarded("starlette application"):
                stack = _with_span(self, stack)
            self.middleware_stack = stack
        await original(self, scope, receive, send)

    return call


def _with_span(app: Any, stack: Any) -> Any:
    if getattr(app, "_is_instrumented_by_opentelemetry", False):
        return outermost(stack)  # by hand, with options of its own
    if "starlette" not in TRACED:
        return stack
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.instrumentation.starlette import _excluded_urls, _get_default_span_details

    return OpenTelemetryMiddleware(
        stack,
        excluded_urls=_excluded_urls,
        default_span_details=_get_default_span_details,
        exclude_spans=["receive", "send"],
        **TRACED["starlette"],
    )


def _keeping_the_class(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def _instrument(self: Any, **keywords: Any) -> None:
        from starlette import applications

        self._original_starlette = applications.Starlette  # what `_uninstrument` puts there
        TRACED["starlette"] = keywords

    return _instrument


def _no_more(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def _uninstrument(self: Any, **keywords: Any) -> None:
        TRACED.pop("starlette", None)
        original(self, **keywords)

    return _uninstrument


_INSTRUMENTOR = "opentelemetry.instrumentation.starlette:StarletteInstrumentor"

LIBRARY = Library(
    name="starlette",
    protocol="http",
    module="starlette",
    distribution="starlette",
    versions=">=0.36",
    changes=(
        Patch("starlette.applications:Starlette.__call__", _first_called),
        WhenImported(
            "opentelemetry.instrumentation.starlette",
            (
                Patch(f"{_INSTRUMENTOR}._instrument", _keeping_the_class),
                Patch(f"{_INSTRUMENTOR}._uninstrument", _no_more),
            ),
        ),
    ),
    instrumentor=Instrumentor(
        entry_point="starlette",
        class_name="StarletteInstrumentor",
        distribution="opentelemetry-instrumentation-starlette",
    ),
)
