"""Time-travel debugging for Python services, on OpenTelemetry."""

from __future__ import annotations

from typing import Any

from timetracer_otel.errors import TimetracerError

__all__ = ["TimetracerError", "__version__", "instrument", "shutdown"]

__version__ = "2.0.0a1"


def instrument(**settings: Any) -> None:
    """Record from here on; the same as starting under ``opentelemetry-instrument``.

    Keyword arguments are settings (`timetracer_otel.settings.Settings`). Call it before the
    application creates its clients and engines. Raises `SettingsError`.
    """
    # imported here: the command line's own start must not load the OpenTelemetry SDK
    from timetracer_otel.otel.start import instrument as start

    start(**settings)


def shutdown() -> None:
    """Stop recording, write what is complete, and restore every library."""
    from timetracer_otel.otel.start import shutdown as stop

    stop()
