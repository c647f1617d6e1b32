"""Litestar: its own OpenTelemetry plugin, put into each application that has none."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.inbound import note_raised
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import guarded

__all__ = ["LIBRARY"]

_SERVER_ERRORS = 500


def _with_telemetry(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        with guarded("litestar"):
            # last, to see what the application's own functions have put in
            own = keywords.get("on_app_init") or ()
            keywords["on_app_init"] = [*own, _add_plugin]
        original(self, *args, **keywords)

    return __init__


def _add_plugin(config: Any) -> Any:
    """The plugin, unless the application traces itself; and an ear for what handlers raise."""
    with guarded("litestar"):
        config.after_exception.append(_note_exception)
        otel = _plugin_module()
        if not _traces_itself(config, otel):
            # its spans of each receive and send cost 100 µs a request and say nothing more
            settings = otel.OpenTelemetryConfig(exclude_spans=["receive", "send"])
            config.plugins.append(otel.OpenTelemetryPlugin(settings))
    return config


def _plugin_module() -> Any:
    try:
        return importlib.import_module("litestar.plugins.opentelemetry")
    except ImportError:  # where it was until 2.13
        return importlib.import_module("litestar.contrib.opentelemetry")


def _traces_itself(config: Any, otel: Any) -> bool:
    middleware = [getattr(layer, "middleware", layer) for layer in config.middleware]
    kind = otel.OpenTelemetryInstrumentationMiddleware
    return any(isinstance(plugin, otel.OpenTelemetryPlugin) for plugin in config.plugins) or any(
        isinstance(layer, type) and issubclass(layer, kind) for layer in middleware
    )


async def _note_exception(error: Exception, _scope: Any) -> None:
    """Litestar answers for every exception itself: further out nobody sees one."""
    with guarded("litestar exception"):
        if getattr(error, "status_code", _SERVER_ERRORS) >= _SERVER_ERRORS:
            note_raised(error)


LIBRARY = Library(
    name="litestar",
    protocol="http",
    module="litestar",
    distribution="litestar",
    versions=">=2.12,<3",
    changes=(Patch("litestar.app:Litestar.__init__", _with_telemetry),),
)
