"""wsgiref, the standard library's server, which Django's ``runserver`` is made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.wsgi import with_server_span
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _setting(original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    @wraps(original)
    def set_app(self: Any, application: Any) -> None:
        original(self, application)
        with guarded("wsgiref"):
            self.application = with_server_span(application)

    return set_app


LIBRARY = Library(
    name="wsgiref",
    protocol="http",
    module="wsgiref",
    distribution="",
    versions="",
    changes=(Patch("wsgiref.simple_server:WSGIServer.set_app", _setting),),
)
