"""The same program twice: recorded against live servers, replayed when they have stopped.

A suite of cases has a program, ``python -m tests.<suite>.program MODE … FOLDER …``, which notes
what each case saw and writes it to ``FOLDER/<mode>.json``; its conftest runs it and compares.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.trace import SpanKind

import timetracer_otel
from tests.serving import ROOT
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin_entry

__all__ = ["Program", "Runs", "in_one_request", "write"]

_TIMEOUT_S = 300


@dataclass(frozen=True)
class Runs:
    """What each run saw, by case; and the cassette between them. `bare` is without us."""

    recorded: dict[str, Any]
    replayed: dict[str, Any]
    cassette: Path
    bare: dict[str, Any] = field(default_factory=dict)


class Program:
    """A suite's program in one folder, run mode by mode.

    `words` is its command line, in which ``MODE`` stands for the mode. What it takes from the
    environment besides: `variables`.
    """

    def __init__(
        self, module: str, folder: Path, *words: str, python: str = sys.executable, **variables: str
    ) -> None:
        self.folder = folder
        self._command = [python, "-m", module, *words]
        self._variables = variables

    def bare(self, **variables: str) -> None:
        """Without us."""
        self._run("bare", **variables)

    def record(self, **variables: str) -> None:
        """Against servers that run."""
        self._run("record", TIMETRACER_DIR=str(self.folder / "kept"), **variables)

    @property
    def cassette(self) -> Path:
        """The one that was recorded."""
        (found,) = self.folder.glob("kept/**/*.json")
        return found

    def replay(self, **variables: str) -> None:
        """From what was recorded."""
        self._run("replay", TIMETRACER_CASSETTE=str(self.cassette), **variables)

    def seen(self, mode: str) -> dict[str, Any]:
        """What the program noted in a mode."""
        found: dict[str, Any] = json.loads((self.folder / f"{mode}.json").read_text())
        return found

    def runs(self, bare: str = "") -> Runs:
        """What was seen in both modes, and in the one that stands for that without us."""
        without = self.seen(bare) if bare else {}
        return Runs(self.seen("record"), self.seen("replay"), self.cassette, without)

    def _run(self, mode: str, **variables: str) -> None:
        ran = subprocess.run(
            [mode if word == "MODE" else word for word in self._command],
            cwd=ROOT,
            env={
                **os.environ,
                "TIMETRACER_MODE": mode,
                "TIMETRACER_BANNER": "0",
                "TIMETRACER_MAX_TRACE_KB": "200000",
                "PYTHONWARNINGS": "",
                **self._variables,
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert "recording failed" not in ran.stderr, ran.stderr


def in_one_request(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `run` gives, as a request of the service's; then all of it is written."""
    tracer = otel.get_tracer("tests")
    with tracer.start_as_current_span("GET /all", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/all", []))
        assert (entry is None) == (os.environ["TIMETRACER_MODE"] == "bare")
        found = run()
        if entry is not None:
            entry.answered(HttpResponseRef(200, []))
    timetracer_otel.shutdown()
    return found


def write(folder: Path, mode: str, found: dict[str, Any]) -> None:
    """Where `Program.seen` finds it."""
    (folder / f"{mode}.json").write_text(json.dumps(found))
