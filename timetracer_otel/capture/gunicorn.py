"""gunicorn: the application that it loads is recorded, of whatever kind and framework it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.serving import with_server_span
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _loading(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def wsgi(self: Any) -> Any:
        fresh = self.callable is None
        app = original(self)
        if fresh:
            with guarded("gunicorn load"):
                app = self.callable = with_server_span(app)
        return app

    return wsgi


LIBRARY = Library(
    name="gunicorn",
    protocol="http",
    module="gunicorn",
    distribution="gunicorn",
    versions=">=21",
    changes=(Patch("gunicorn.app.base:BaseApplication.wsgi", _loading),),
)
