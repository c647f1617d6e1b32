"""Verdicts as lines for people."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from rich.text import Text

from timetracer_otel.cli.wording import count, duration
from timetracer_otel.replay.verdict import Result, Verdict

__all__ = ["verdict_lines"]

_STYLES: dict[Result, str] = {
    "same": "bold green",
    "different": "bold yellow",
    "cannot": "bold red",
}
_WORDS: dict[Result, str] = {"same": "same", "different": "different", "cannot": "cannot replay"}
_INDENT = "  "
_DIFFERENCE = re.compile(r"^(\$[^\s:]*): recorded (.*), replayed (.*)$", re.DOTALL)


def verdict_lines(verdicts: list[Verdict], *, width: int, expect: str = "same") -> list[Text]:
    """Each verdict with what led to it; several of them end in a sum."""
    alone = len(verdicts) == 1
    lines: list[Text] = []
    for verdict in verdicts:
        lines += _one(verdict, width=width, expect=expect, brief=not alone)
    return lines if alone else [*lines, Text(), _sum(verdicts)]


def _one(verdict: Verdict, *, width: int, expect: str, brief: bool) -> list[Text]:
    word = _WORDS[verdict.result]
    style = _STYLES[verdict.result]
    if expect == "different" and verdict.result != "cannot":
        meant = verdict.result == "different"
        word += ", as intended" if meant else ", and a difference was intended"
        style = "bold green" if meant else "bold yellow"
    head = Text.assemble((word, style), "  ", (verdict.title, "bold"))
    if brief and verdict.result == "same":
        return [head]
    return [head, *_details(verdict, width)]


def _details(verdict: Verdict, width: int) -> list[Text]:
    lines = [Text(_INDENT + _near(verdict.name), style="dim", overflow="fold")]
    if verdict.reason:
        lines.append(Text(_INDENT + verdict.reason, overflow="fold"))
    if verdict.response:
        lines.append(Text(f"{_INDENT}the answer"))
        lines += _differences(verdict.response, width)
    for heading, style, calls in (
        ("calls recorded, and not made", "red", verdict.missing),
        ("calls made with something else in them", "yellow", verdict.changed),
        ("calls made, that nothing recorded answers", "green", verdict.unexpected),
        ("stopped on their way out", "red", verdict.blocked),
    ):
        if calls:
            lines.append(Text(f"{_INDENT}{heading}"))
            lines += [Text(_INDENT * 2 + _one_line(c), style=style, overflow="fold") for c in calls]
    for note in verdict.notes:
        lines.append(Text(f"{_INDENT}note: {_one_line(note)}", style="dim", overflow="fold"))
    if verdict.result != "cannot":
        lines += [Text(_INDENT + fact, style="dim") for fact in _facts(verdict)]
    return lines


def _differences(found: list[str], width: int) -> list[Text]:
    """``$.status  500 → 201`` where it fits; else what was and what is on lines of their own."""
    parsed = [(_DIFFERENCE.match(text), text) for text in found]
    longest = max((len(m[1]) for m, _ in parsed if m is not None), default=0)
    lines: list[Text] = []
    for match, text in parsed:
        if match is None:
            lines.append(Text(_INDENT * 2 + text, overflow="fold"))
            continue
        path, before, after = match.groups()
        short = f"{_INDENT * 2}{path.ljust(longest)}  {before} → {after}"
        if len(short) <= width:
            start = Text(f"{_INDENT * 2}{path.ljust(longest)}  ")
            lines.append(Text.assemble(start, (before, "red"), " → ", (after, "green")))
        else:
            lines.append(Text(_INDENT * 2 + path))
            lines.append(Text(f"{_INDENT * 3}- {before}", style="red", overflow="fold"))
            lines.append(Text(f"{_INDENT * 3}+ {after}", style="green", overflow="fold"))
    return lines


def _facts(verdict: Verdict) -> list[str]:
    facts = ["the same answer, to the byte"] if verdict.result == "same" else []
    calls = count(verdict.calls, "call") if verdict.calls else "no calls"
    whole = verdict.calls and not (verdict.unexpected or verdict.changed)
    answered = " answered from the recording" if whole else ""
    took = f"took {duration(verdict.recorded_us)} then, {duration(verdict.replayed_us)} now"
    return ["; ".join([*facts, calls + answered]), took]


def _near(name: str) -> str:
    """The file as seen from here."""
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name


def _sum(verdicts: list[Verdict]) -> Text:
    counts = Counter(verdict.result for verdict in verdicts)
    parts = [(f"{counts[r]} {_WORDS[r]}", _STYLES[r]) for r in _STYLES if counts[r]]
    line = Text(f"{count(len(verdicts), 'request')}: ")
    for position, (words, style) in enumerate(parts):
        line.append(", " if position else "").append(words, style=style)
    return line


def _one_line(text: str) -> str:
    return " ".join(text.split())
