"""What a person sees: consoles that know colour, width and height, and when there is none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.text import Text

__all__ = ["Screen", "aside", "errors", "height", "output", "print_lines"]

_WITHOUT_TERMINAL = 120
_LINES_WITHOUT_TERMINAL = 50


def output() -> Console:
    """Standard output. Rich minds ``NO_COLOR``, ``COLUMNS`` and whether a terminal is there."""
    return _console(sys.stdout)


def errors() -> Console:
    """Standard error."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    known = stream.isatty() or "COLUMNS" in os.environ
    width = None if known else _WITHOUT_TERMINAL
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width)


class Screen:
    """The real standard output, and standard error, while `aside` holds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console = _console(stream)
        self.width = self._console.width
        self.errors = errors()

    def print(self, lines: Iterable[Text]) -> None:
        """Lines for people."""
        print_lines(self._console, lines)

    def write(self, document: str) -> None:
        """A document for programs."""
        self._stream.write(document)
        self._stream.flush()


@contextmanager
def aside() -> Iterator[Screen]:
    """Whatever anybody prints meanwhile, a child process included, goes to standard error.

    So standard output holds the result and nothing else.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(kept, "w", encoding=sys.stdout.encoding, errors="replace") as stream:
        try:
            yield Screen(stream)
        finally:
            sys.stdout.flush()
            stream.flush()
            os.dup2(kept, 1)


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
