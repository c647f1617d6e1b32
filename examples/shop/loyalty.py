"""Points for what was spent."""

from __future__ import annotations

from .partners import Member

__all__ = ["points_for"]


def points_for(cents: int, member: Member) -> int:
    """A point for every so many cents, as the member's tier has it."""
    return cents // member["cents_per_point"]
