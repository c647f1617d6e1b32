"""hypercorn: any ASGI application that makes no SERVER span of its own gets one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.asgi import with_server_span
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _wrapping(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, app: Any) -> None:  # noqa: N807
        traced = app
        with guarded("hypercorn load"):
            traced = with_server_span(app)
        original(self, traced)

    return __init__


LIBRARY = Library(
    name="hypercorn",
    protocol="http",
    module="hypercorn",
    distribution="hypercorn",
    versions=">=0.14",
    changes=(Patch("hypercorn.app_wrappers:ASGIWrapper.__init__", _wrapping),),
)
