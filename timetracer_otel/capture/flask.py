"""Flask: recorded wherever it is called, with its route and what it answered with a 500."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from timetracer_otel.capture.inbound import note_raised, note_route
from timetracer_otel.capture.wsgi import recorded
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]


def _called(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __call__(self: Any, environ: Any, start_response: Any) -> Any:  # noqa: N807
        return recorded(partial(original, self), environ, start_response)

    return __call__


def _routed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def full_dispatch_request(self: Any, *args: Any, **keywords: Any) -> Any:
        with guarded("flask route"):
            from flask import request

            note_route(request.url_rule.rule if request.url_rule is not None else "")
        return original(self, *args, **keywords)

    return full_dispatch_request


def _failing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Where Flask sends `got_request_exception`, and then answers (or raises again)."""

    @wraps(original)
    def handle_exception(self: Any, *args: Any, **keywords: Any) -> Any:
        for argument in (*args, *keywords.values()):  # Flask 3.2 puts its context before it
            if isinstance(argument, BaseException):
                note_raised(argument)
        return original(self, *args, **keywords)

    return handle_exception


LIBRARY = Library(
    name="flask",
    protocol="http",
    module="flask",
    distribution="flask",
    versions=">=2.2",
    changes=(
        Patch("flask.app:Flask.__call__", _called),
        Patch("flask.app:Flask.full_dispatch_request", _routed),
        Patch("flask.app:Flask.handle_exception", _failing),
    ),
)
