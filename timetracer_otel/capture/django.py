"""Django under WSGI and ASGI: recorded at its handlers, with route and unhandled exceptions.

Its instrumentor may run besides, and makes a span below ours. It is kept from loading the
settings when auto-instrumentation starts it, which is before ``manage.py`` has said which.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial, wraps
from types import FrameType
from typing import Any

from timetracer_otel.capture import asgi
from timetracer_otel.capture.django_testing import called_by_async_client, called_by_client
from timetracer_otel.capture.inbound import note_raised, note_route
from timetracer_otel.capture.wsgi import recorded
from timetracer_otel.dbapi_calls import connection_scoped
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.recording.current import begins_here

__all__ = ["DATABASES", "LIBRARY"]


def _called_by_wsgi(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def __call__(self: Any, environ: Any, start_response: Any) -> Any:  # noqa: N807
        return recorded(partial(original, self), environ, start_response)

    return __call__


def _called_by_asgi(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A plain ``async def``: with anything else servers take it for ASGI 2."""

    @lru_cache(maxsize=8)
    def with_span(handler: Any) -> Any:
        return asgi.with_server_span(partial(original, handler))

    @wraps(original)
    async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> None:  # noqa: N807
        app: Any = partial(original, self)
        if active_recorder() is not None and scope["type"] == "http" and begins_here():
            with guarded("django asgi"):
                app = with_span(self)
        await app(scope, receive, send)

    return __call__


def _resolving(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def resolve_request(self: Any, request: Any) -> Any:
        match = original(self, request)
        with guarded("django route"):
            # "^items/(?P<pk>[0-9]+)$" is a route, too, and begins at the slash before it
            note_route(f"/{str(match.route).removeprefix('/').removeprefix('^')}")
        return match

    return resolve_request


def _answering_500(original: Callable[..., Any]) -> Callable[..., Any]:
    """Where Django has sent `got_request_exception`, in debug mode and out of it."""

    @wraps(original)
    def handle_uncaught_exception(request: Any, resolver: Any, exc_info: Any) -> Any:
        note_raised(exc_info[1])
        return original(request, resolver, exc_info)

    return handle_uncaught_exception


_waiting: list[tuple[Callable[[], Any], bool]] = []
"""Instrumentors that wait for the settings, and whether the loader started them."""


def _instrumenting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Contrib's reads the settings at once; without any it configures empty ones, for good."""

    @wraps(original)
    def _instrument(self: Any, **keywords: Any) -> Any:
        from django.conf import settings

        start = partial(original, self, **keywords)
        if settings.configured:
            return start()
        _waiting.append((start, _is_called_by_loader(sys._getframe(1))))
        return None

    return _instrument


_LOADERS = ("opentelemetry.instrumentation.auto_instrumentation", "timetracer_otel.otel.injection")


def _is_called_by_loader(frame: FrameType | None) -> bool:
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name.startswith(_LOADERS):
            return True
        frame = frame.f_back
    return False


def _loading(original: Callable[..., None]) -> Callable[..., None]:
    """Where Django reads its list of middleware: contrib's is put into it just before.

    Not by itself under ASGI: it is synchronous, and Django would run each request in a thread.
    """

    @wraps(original)
    def load_middleware(self: Any, is_async: bool = False) -> None:
        for entry in list(_waiting):
            start, by_loader = entry
            if not (is_async and by_loader):
                _waiting.remove(entry)
                start()
        original(self, is_async)

    return load_middleware


def _setting_up(original: Callable[..., Any]) -> Callable[..., Any]:
    """What the ORM asks of a connection that it opens, or that it looks after."""

    @wraps(original)
    def set_up(*args: Any, **keywords: Any) -> Any:
        with connection_scoped():
            return original(*args, **keywords)

    return set_up


_BASE = "django.db.backends.base.base"
_POSTGRESQL = "django.db.backends.postgresql.base"
DATABASES = (_POSTGRESQL, "django.db.backends.mysql.base", "django.db.backends.sqlite3.base")
"""The modules of the databases, each with its `DatabaseWrapper`."""

LIBRARY = Library(
    name="django",
    protocol="http",
    module="django",
    distribution="django",
    versions=">=5.1",
    changes=(
        Patch("django.core.handlers.wsgi:WSGIHandler.__call__", _called_by_wsgi),
        Patch("django.core.handlers.asgi:ASGIHandler.__call__", _called_by_asgi),
        Patch("django.core.handlers.base:BaseHandler.resolve_request", _resolving),
        Patch("django.core.handlers.base:BaseHandler.load_middleware", _loading),
        Patch("django.core.handlers.exception:handle_uncaught_exception", _answering_500),
        WhenImported(_BASE, (Patch(f"{_BASE}:BaseDatabaseWrapper.connect", _setting_up),)),
        WhenImported(
            _POSTGRESQL,
            (Patch(f"{_POSTGRESQL}:DatabaseWrapper._configure_connection", _setting_up),),
        ),
        *(
            WhenImported(module, (Patch(f"{module}:DatabaseWrapper.is_usable", _setting_up),))
            for module in DATABASES
        ),
        WhenImported(
            "django.test.client",
            (
                Patch("django.test.client:ClientHandler.__call__", called_by_client),
                Patch("django.test.client:AsyncClientHandler.__call__", called_by_async_client),
            ),
        ),
        WhenImported(
            "opentelemetry.instrumentation.django",
            (
                Patch(
                    "opentelemetry.instrumentation.django:DjangoInstrumentor._instrument",
                    _instrumenting,
                ),
            ),
        ),
    ),
)
