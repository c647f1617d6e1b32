"""uvicorn: any ASGI application that makes no SERVER span of its own gets one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

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
            self.loaded_app = with_server_span(self.loaded_app)

    return load


LIBRARY = Library(
    name="uvicorn",
    protocol="http",
    module="uvicorn",
    distribution="uvicorn",
    versions=">=0.23",
    changes=(Patch("uvicorn.config:Config.load", _loading),),
)
