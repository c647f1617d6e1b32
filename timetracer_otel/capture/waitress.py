"""waitress: the application that it serves is recorded, of whatever framework it is."""

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
        with guarded("waitress server"):
            self.application = with_server_span(self.application)

    return __init__


LIBRARY = Library(
    name="waitress",
    protocol="http",
    module="waitress",
    distribution="waitress",
    versions=">=2",
    extra="wsgi",
    changes=(Patch("waitress.server:BaseWSGIServer.__init__", _making),),
)
