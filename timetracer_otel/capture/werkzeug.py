"""werkzeug's development server: what ``flask run`` serves with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.wsgi import with_server_span
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _making(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        original(self, *args, **keywords)
        with guarded("werkzeug server"):
            from werkzeug.debug import DebuggedApplication

            # the debugger's page is another each time; what it is about is raised inside of it
            holder = self.app if isinstance(self.app, DebuggedApplication) else self
            holder.app = with_server_span(holder.app)

    return __init__


LIBRARY = Library(
    name="werkzeug",
    protocol="http",
    module="werkzeug",
    distribution="werkzeug",
    versions=">=2.2",
    extra="flask",
    changes=(Patch("werkzeug.serving:BaseWSGIServer.__init__", _making),),
)
