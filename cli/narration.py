"""A story told at the terminal: steps, commands, what they print."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from timetracer_otel.cli.colours import status_style
from timetracer_otel.cli.terminal import output

__all__ = ["Narrator", "untouched_environment"]

_INDENT = "   "
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


class Narrator:
    """Says what is done in `folder`, and shows it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._console: Console = output()
        self._step = 0

    def title(self, text: str) -> None:
        """What is above the story."""
        self._console.print(Text(text, style="dim"))

    def step(self, text: str) -> None:
        """The next chapter."""
        self._step += 1
        self._say(Text())
        self._say(Text(f"{self._step}  {text}", style="bold"))

    def command(self, text: str) -> None:
        """Something a person could type."""
        self._say(Text.assemble(_INDENT, ("$ ", "dim"), (text, "cyan")))

    def note(self, text: str) -> None:
        """Something to know."""
        self._console.print(Padding(Text(text), (0, 0, 0, len(_INDENT))))

    def output(self, text: str) -> None:
        """What a program said."""
        for line in text.splitlines():
            self._say(Text(_INDENT) + Text.from_ansi(line))

    def answer(self, status: int, body: bytes) -> None:
        """What a customer got, cut where the line ends."""
        line = Text.assemble(
            _INDENT, (f"{status} ", status_style(status)), (body.decode(errors="replace"), "dim")
        )
        self._console.print(line, no_wrap=True, overflow="ellipsis")

    def diff(self, lines: Iterable[str]) -> None:
        """A unified diff."""
        for line in lines:
            self._say(Text(_INDENT + line, style=_DIFF_STYLES.get(line[:1], "dim")))

    def run(self, *words: str, lines: int = 60) -> int:
        """Run a command of ours in the folder, show what it says, return its exit code."""
        self.command(" ".join(("timetracer", *words)))
        environ = {
            **untouched_environment(),
            "COLUMNS": str(max(40, self._console.width - len(_INDENT))),
            "LINES": str(lines),
        }
        if self._console.is_terminal and not self._console.no_color:
            environ["FORCE_COLOR"] = "1"
        finished = subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-m", "timetracer_otel.cli", *words],
            cwd=self._folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        self.output(finished.stdout)
        return finished.returncode

    def _say(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


def untouched_environment() -> dict[str, str]:
    """The environment without what its owner has set for other recordings."""
    ours = ("TIMETRACER_", "OTEL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
