"""requests: what a session sends is its own; the bytes pass at `http.client`."""

from __future__ import annotations

from timetracer_otel.http_calls import owned_by
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name="requests",
    protocol="http",
    module="requests",
    distribution="requests",
    versions=">=2.31",
    changes=(Patch("requests.sessions:Session.send", owned_by("requests")),),
    instrumentor=Instrumentor(
        entry_point="requests",
        class_name="RequestsInstrumentor",
        distribution="opentelemetry-instrumentation-requests",
    ),
)
