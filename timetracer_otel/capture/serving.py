"""What a server does with an application of either kind as it loads it."""

from __future__ import annotations

from typing import Any

from timetracer_otel.applications import kind_of
from timetracer_otel.capture import asgi, wsgi

__all__ = ["with_server_span"]


def with_server_span(app: Any) -> Any:
    """`app` with a SERVER span around it, if it makes none of its own."""
    module = asgi if kind_of(app) == "asgi" else wsgi
    return module.with_server_span(app)
