"""An outbound call, or what a test has it be."""

from __future__ import annotations

from collections.abc import Callable

ASKED: list[Callable[[str], None]] = []
"""What is called, the last one put in; nothing without any."""


def ask(name: str) -> None:
    if ASKED:
        ASKED[-1](name)
