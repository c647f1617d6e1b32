"""httpx2: httpx by its second name."""

from timetracer_otel.capture.httpx2 import LIBRARY as CAPTURED
from timetracer_otel.replay.libraries.httpx import library_for

__all__ = ["LIBRARY"]

LIBRARY = library_for(CAPTURED)
