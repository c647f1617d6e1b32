"""Django's ORM: a connection that the recording answers never dies, and is not asked whether."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.capture.django import DATABASES
from timetracer_otel.capture.django import LIBRARY as CAPTURED
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.replay.sessions import serving

__all__ = ["LIBRARY"]


def _living(original: Callable[..., bool]) -> Callable[..., bool]:
    """What was found dead then was opened again, and what that asked is in the bootstrap."""

    @wraps(original)
    def is_usable(self: Any) -> bool:
        return serving("django") or original(self)

    return is_usable


LIBRARY = CAPTURED.in_replay(
    changes=tuple(
        WhenImported(module, (Patch(f"{module}:DatabaseWrapper.is_usable", _living),))
        for module in DATABASES
    )
)
