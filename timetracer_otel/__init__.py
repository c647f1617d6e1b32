"""Time-travel debugging for Python services, on OpenTelemetry."""

from timetracer_otel.errors import TimetracerError

__all__ = ["TimetracerError", "__version__"]

__version__ = "2.0.0a1"
