"""What a person sees: consoles that know colour, width and height, and when there is none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

__all__ = ["errors", "height", "output", "print_lines"]

_WITHOUT_TERMINAL = 120
_LINES_WITHOUT_TERMINAL = 50


def output() -> Console:
    """Standard output. Rich minds ``NO_COLOR``, ``COLUMNS`` and whether a terminal is there."""
    return _console(stderr=False)


def errors() -> Console:
    """Standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or "COLUMNS" in os.environ
    width = None if known else _WITHOUT_TERMINAL
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def height() -> int:
    """Lines that fit on the screen with a prompt below them."""
    if not sys.stdout.isatty() and "LINES" not in os.environ:
        return _LINES_WITHOUT_TERMINAL
    return max(10, shutil.get_terminal_size().lines - 2)


def print_lines(console: Console, lines: Iterable[Text]) -> None:
    """One line each: cut with an ellipsis where the terminal ends, whole where there is none.

    Lines that are to be copied say so (``overflow="fold"``) and are never cut.
    """
    for line in lines:
        bounded = console.is_terminal or "COLUMNS" in os.environ
        if bounded and line.overflow != "fold":
            console.print(line, no_wrap=True, overflow="ellipsis", crop=True)
        else:
            console.print(line, soft_wrap=True)
