"""``timetracer demo``."""

from __future__ import annotations

__all__ = ["EXAMPLES", "demo"]
EXAMPLES = ""


def demo() -> int:
    """Later."""
    return 2
