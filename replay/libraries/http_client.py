"""http.client: its connections lead to the recording, its own code does the rest."""

from __future__ import annotations

from timetracer_otel.capture.http_client import LIBRARY as CAPTURED
from timetracer_otel.patching import Patch
from timetracer_otel.replay.dialing import connecting, encrypting, sending, tunneling

__all__ = ["LIBRARY"]

LIBRARY = CAPTURED.in_replay(
    changes=(
        Patch("http.client:HTTPConnection.send", sending),
        Patch("http.client:HTTPConnection.connect", connecting),
        Patch("http.client:HTTPConnection._tunnel", tunneling),
        Patch("ssl:SSLContext.wrap_socket", encrypting),
    ),
)
