"""Where OpenTelemetry starts us: entry points, and the same by a call."""

from timetracer_otel.otel.start import instrument, shutdown

__all__ = ["instrument", "shutdown"]
