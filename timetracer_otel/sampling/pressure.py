"""Recording thins itself before it has to drop: the fuller, the fewer are kept."""

from __future__ import annotations

__all__ = ["Thinning"]

_HIGH_WATER = 0.5
_STEPS = 4
"""From half full on one in 2, 4, 8 and at last 16 is kept."""


class Thinning:
    """Says of each finished request whether it may still wait to be written.

    It has no state to recover from: as soon as there is room, everything is kept again.
    """

    def __init__(self) -> None:
        self._seen = 0

    def spares(self, fullness: float) -> bool:
        """Whether the next one is kept while the queue is so full (0 to 1)."""
        if fullness < _HIGH_WATER:
            return True
        step = 1 + int((fullness - _HIGH_WATER) / (1 - _HIGH_WATER) * _STEPS)
        self._seen += 1
        return self._seen % (1 << min(step, _STEPS)) == 0
