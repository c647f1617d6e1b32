"""httpx2: httpx by its second name."""

from timetracer_otel.capture.httpx import library_for

__all__ = ["LIBRARY"]

LIBRARY = library_for("httpx2", class_name="HTTPX2ClientInstrumentor", versions=">=2")
