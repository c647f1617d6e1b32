"""Capture never harms the application: a fault of ours is logged once, counted, not raised."""

from __future__ import annotations

import logging
from collections import Counter
from types import TracebackType

__all__ = ["FAULTS", "guarded"]

FAULTS: Counter[str] = Counter()
"""Faults inside capture by the place they happened."""

_LOG = logging.getLogger("timetracer_otel")


class guarded:  # noqa: N801 - reads as a statement: `with guarded("httpx request"):`
    """Context manager around everything capture does inside the application's own calls.

    The first fault at a place is logged with its traceback; all are counted in `FAULTS`. What
    is not an `Exception` (a cancellation, an interrupt) belongs to the application and passes.
    """

    __slots__ = ("_place",)

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        FAULTS[self._place] += 1
        if FAULTS[self._place] == 1:
            _LOG.error(
                "recording failed in %s; the application is not affected",
                self._place,
                exc_info=(type(error), error, traceback),
            )
        return True
