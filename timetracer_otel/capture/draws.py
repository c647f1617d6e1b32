"""Random draws of a request, each kept with where in the request it was made."""

from __future__ import annotations

import _random
import importlib
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.randomness import arguments_of, draw_changes
from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.recorder import current_place

__all__ = ["LIBRARY"]

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


@dataclass(frozen=True, slots=True)
class _OwnRandomness:
    """Give OpenTelemetry a generator of its own.

    Its IDs come from `random`, the application's own generator: they would be recorded as the
    application's draws, would move with its `random.seed(1)`, and each would move its sequence.
    """

    def apply(self) -> Callable[[], None]:
        generator = _TelemetryRandom()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=generator.seed)
        undo = [
            Patch(target, partial(_instead, replacement)).apply()
            for target, replacement in (
                ("opentelemetry.sdk.trace.id_generator:random", generator),
                (
                    "opentelemetry.sdk.metrics._internal.exemplar.exemplar_reservoir:randrange",
                    generator.randrange,
                ),
            )
            if _exists(target)
        ]

        def restore() -> None:
            for step in reversed(undo):
                step()

        return restore


def _instead(replacement: object, _original: object) -> object:
    return replacement


def _exists(target: str) -> bool:
    module, _, name = target.partition(":")
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False


LIBRARY = Library(
    name="draws",
    protocol="",
    module="random",
    distribution="",
    versions="",
    switch="randomness",
    changes=(_OwnRandomness(), *draw_changes(_noting)),
)
