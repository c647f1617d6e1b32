"""urllib3: what its pools are asked for is its own; the bytes pass at `http.client`."""

from __future__ import annotations

from timetracer_otel.capture.http_client import noting_refusals
from timetracer_otel.http_calls import asked_of_pool
from timetracer_otel.libraries import Instrumentor, Library
from timetracer_otel.patching import Patch

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name="urllib3",
    protocol="http",
    module="urllib3",
    distribution="urllib3",
    versions=">=1.26",
    changes=(
        Patch("urllib3.connectionpool:HTTPConnectionPool.urlopen", asked_of_pool),
        # over TLS or through a tunnel it connects before it has a request for `http.client`
        Patch("urllib3.connection:HTTPConnection.connect", noting_refusals),
        Patch("urllib3.connection:HTTPSConnection.connect", noting_refusals),
    ),
    instrumentor=Instrumentor(
        entry_point="urllib3",
        class_name="URLLib3Instrumentor",
        distribution="opentelemetry-instrumentation-urllib3",
    ),
)
