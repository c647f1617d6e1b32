"""urllib.request: what its openers send is its own; the bytes pass at `http.client`."""

from __future__ import annotations

from timetracer_otel.http_calls import owned_by
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name="urllib",
    protocol="http",
    module="urllib.request",
    distribution="",
    versions="",
    changes=(Patch("urllib.request:AbstractHTTPHandler.do_open", owned_by("urllib")),),
    # no instrumentor: contrib's takes the length of every body, and a file has none (0.66b1)
)
