"""What `timetracer replay` says while it works: on standard error, the result being elsewhere."""

from __future__ import annotations

from timetracer_otel.cli.terminal import Screen
from timetracer_otel.cli.verdict_lines import verdict_lines
from timetracer_otel.replay.run import Audience
from timetracer_otel.replay.verdict import Verdict

__all__ = ["Progress"]


class Progress(Audience):
    """Announces each request of several, and keeps the verdicts as they come."""

    def __init__(self, screen: Screen, *, tells_verdicts: bool = False) -> None:
        self._screen = screen
        self._tells_verdicts = tells_verdicts
        self.verdicts: list[Verdict] = []

    def next(self, number: int, total: int, name: str) -> None:
        if total > 1:
            self._say(f"[{number}/{total}] {name}")

    def judged(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        if self._tells_verdicts:
            self._screen.print(verdict_lines([verdict], width=self._screen.width))

    def said(self, sentence: str) -> None:
        self._say(f"timetracer: {sentence}")

    def _say(self, line: str) -> None:
        self._screen.errors.print(line, style="dim", soft_wrap=True)
