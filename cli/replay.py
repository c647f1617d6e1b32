"""``timetracer replay``: the same request again, with everything else switched off."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["EXAMPLES", "Command", "replay"]
EXAMPLES = ""


class Command(NamedTuple):
    """The words behind ``--``."""

    words: tuple[str, ...]


def replay() -> int:
    """Later."""
    return 2
