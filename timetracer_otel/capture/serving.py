"""What a server does with an application of any kind as it loads it."""

from __future__ import annotations

from typing import Any

from timetracer_otel.applications import kind_of
from timetracer_otel.capture import asgi, wsgi

__all__ = ["with_server_span"]


def with_server_span(app: Any) -> Any:
    """`app` with a SERVER span around it, if it makes none of its own."""
    kind = kind_of(app)
    if kind == "aiohttp":  # its own server records it
        return app
    module = asgi if kind == "asgi" else wsgi
    return module.with_server_span(app)
