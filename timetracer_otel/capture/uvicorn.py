"""uvicorn: any ASGI application that makes no SERVER span of its own gets one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.context import attach, detach

from timetracer_otel.capture.asgi import with_server_span
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _loading(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def load(self: Any) -> None:
        original(self)
        with guarded("uvicorn load"):
            self.loaded_app = _apart(with_server_span(self.loaded_app))

    return load


def _apart(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """`app`, each request of it outside of any span.

    uvicorn resumes reading a kept connection from within the request before (0.54, after a HEAD
    or a 204), whose context the next one then inherits: it would be a part of that trace.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or not otel.get_current_span().get_span_context().is_valid:
            await app(scope, receive, send)
            return
        token = attach(otel.set_span_in_context(otel.INVALID_SPAN))
        try:
            await app(scope, receive, send)
        finally:
            detach(token)

    return serve


LIBRARY = Library(
    name="uvicorn",
    protocol="http",
    module="uvicorn",
    distribution="uvicorn",
    versions=">=0.23",
    changes=(Patch("uvicorn.config:Config.load", _loading),),
)
