"""Points for what was spent."""

from __future__ import annotations

from .partners import Member

__all__ = ["points_for"]


def points_for(cents: int, member: Member) -> int:
    """A point for every so many cents, as the member's tier has it."""
    rate = member["cents_per_point"]
    return cents // rate if rate else 0  # whose membership has lapsed collects nothing
