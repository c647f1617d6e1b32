"""The first few requests of each route, each hour."""

from __future__ import annotations

__all__ = ["Quota"]

_HOUR_S = 3600
_MAX_ROUTES = 10_000
"""Counted apart in one hour; without a template each address is a route of its own."""


class Quota:
    """Counts what was kept, by route, in each hour of the clock. Used by one thread."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._hour = 0
        self._kept: dict[tuple[str, str], int] = {}

    def takes(self, route: tuple[str, str], now: float) -> bool:
        """Whether one more of `route` is kept; it counts if so."""
        hour = int(now // _HOUR_S)
        if hour != self._hour:
            self._hour = hour
            self._kept.clear()
        if route not in self._kept and len(self._kept) >= _MAX_ROUTES:
            route = ("", "")
        kept = self._kept.get(route, 0)
        if kept >= self._limit:
            return False
        self._kept[route] = kept + 1
        return True
