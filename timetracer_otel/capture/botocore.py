"""botocore, and boto3 on top of it: what it sends is its own; the bytes pass at `http.client`."""

from __future__ import annotations

from timetracer_otel.http_calls import owned_by
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name="botocore",
    protocol="http",
    module="botocore",
    distribution="botocore",
    versions=">=1.35",
    changes=(Patch("botocore.httpsession:URLLib3Session.send", owned_by("botocore")),),
    instrumentor=Instrumentor(
        entry_point="botocore",
        class_name="BotocoreInstrumentor",
        distribution="opentelemetry-instrumentation-botocore",
    ),
)
