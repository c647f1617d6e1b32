"""What a README says to type, as data; and an example's folder to type it in."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.serving import ROOT, free_port

__all__ = ["EXAMPLES", "Command", "Readme", "copied", "readme"]

EXAMPLES = sorted(
    path.parent.name
    for path in ROOT.glob("examples/*/README.md")
    if not (path.parent / "__init__.py").exists()
)
"""Programs of their own; the shop is shipped, and `timetracer demo` is its test."""

_PORT = re.compile(r"\b8\d\d\d\b")


@dataclass(frozen=True, slots=True)
class Command:
    """One line to type, with the port that it listens on, if it does."""

    words: list[str]

    @property
    def port(self) -> int | None:
        """The last of its words that is a number."""
        numbers = [word for word in self.words if word.isdecimal()]
        return int(numbers[-1]) if numbers else None


@dataclass(slots=True)
class Readme:
    """Everything to type, by what it is for."""

    before: list[Command] = field(default_factory=list)
    upstreams: list[Command] = field(default_factory=list)
    record: list[Command] = field(default_factory=list)
    requests: list[Command] = field(default_factory=list)
    replays: list[Command] = field(default_factory=list)


def copied(name: str, folder: Path) -> tuple[Path, Readme]:
    """An example's folder, with ports that are free on this machine; and what its README says."""
    copy = folder / name
    shutil.copytree(ROOT / "examples" / name, copy, ignore=shutil.ignore_patterns("__pycache__"))
    ports: dict[str, str] = {}
    for path in copy.rglob("*"):
        if path.suffix in {".py", ".md"}:
            text = path.read_text(encoding="utf-8")
            path.write_text(_PORT.sub(lambda found: _moved(found[0], ports), text), "utf-8")
    return copy, readme(copy)


def _moved(port: str, ports: dict[str, str]) -> str:
    """The free port that stands for `port`."""
    while port not in ports:
        found = str(free_port())
        if found not in ports.values():
            ports[port] = found
    return ports[port]


def readme(folder: Path) -> Readme:
    """What the README of an example says to type."""
    found = Readme()
    for line in _lines((folder / "README.md").read_text(encoding="utf-8")):
        words = shlex.split(line)
        if words[-1] == "&":
            found.upstreams.append(Command(words[:-1]))
        elif words[:2] == ["timetracer", "record"]:
            found.record.append(Command(words))
        elif words[:2] == ["timetracer", "replay"]:
            found.replays.append(Command(words))
        elif words[0] == "curl":
            found.requests.append(Command(words))
        else:
            found.before.append(Command(words))
    return found


def _lines(text: str) -> Iterator[str]:
    """What is indented."""
    for line in text.splitlines():
        if line.startswith("    "):
            yield line.strip()
