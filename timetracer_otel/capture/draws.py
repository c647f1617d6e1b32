"""Random draws of a request, each kept with where in the request it was made."""

from __future__ import annotations

import _random
import os
import random
from typing import Any

from timetracer_otel.libraries import Library
from timetracer_otel.patching import PatchIfPresent
from timetracer_otel.randomness import arguments_of, draw_changes
from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.recorder import current_place

__all__ = ["LIBRARY", "TELEMETRY"]

_NUMBER_BYTES = 8


def _noting(source: str, arguments: tuple[object, ...], drawn: Any) -> Any:
    """Keep what was drawn inside a trace; hand it on unchanged."""
    try:
        place = current_place()
        if place is not None:
            record, path = place
            size = len(drawn) if isinstance(drawn, bytes) else _NUMBER_BYTES
            record.note_draw(source, path, arguments_of(arguments), drawn, size)
    except Exception:  # counted and logged once; the draw stands
        with guarded("draws"):
            raise
    return drawn


class _TelemetryRandom(random.Random):
    """A generator beside the application's: its methods are C's own, so no tap sees them."""

    random = _random.Random.random
    getrandbits = _random.Random.getrandbits


TELEMETRY = _TelemetryRandom()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=TELEMETRY.seed)

# OpenTelemetry's IDs come from `random`, the application's own generator: they would be kept
# as the application's draws, repeat with its `random.seed(1)`, and each would move its sequence
_OWN_GENERATOR = (
    PatchIfPresent("opentelemetry.sdk.trace.id_generator:random", lambda _: TELEMETRY),
    PatchIfPresent(
        "opentelemetry.sdk.metrics._internal.exemplar.exemplar_reservoir:randrange",
        lambda _: TELEMETRY.randrange,
    ),
)

LIBRARY = Library(
    name="draws",
    protocol="",
    module="random",
    distribution="",
    versions="",
    switch="randomness",
    changes=(*_OWN_GENERATOR, *draw_changes(_noting)),
)
