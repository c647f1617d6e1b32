"""Colours that mean something; nothing is said by colour alone."""

from __future__ import annotations

__all__ = ["status_style"]

_BY_HUNDREDS = {1: "cyan", 2: "green", 3: "cyan", 4: "yellow", 5: "bold red"}


def status_style(status: int) -> str:
    """Of an HTTP status; 0 stands for no answer at all."""
    return _BY_HUNDREDS.get(status // 100, "bold red")
