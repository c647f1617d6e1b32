"""What a replayed request did, handed to whoever judges it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from timetracer_otel.cassette import Cassette
from timetracer_otel.interaction.parts import Part
from timetracer_otel.recording import Recorder
from timetracer_otel.replay.sessions import Session, Sessions

__all__ = ["REPORT_FOLDER", "Reporter", "Run", "read_run", "run_of"]

REPORT_FOLDER = "TIMETRACER_REPORT_FOLDER"
"""Environment variable: where a process under replay leaves one file a request."""


class Run(Part, kw_only=True):
    """One replayed request: what was recorded of it, and what its session saw besides."""

    name: str
    replayed: Cassette
    misses: list[dict[str, Any]] = []
    loose: list[str] = []
    assumed: list[str] = []
    blocked: list[str] = []
    unused: list[str] = []
    unrecorded_draws: dict[str, int] = {}


def run_of(session: Session, replayed: Cassette) -> Run:
    """The run of `session`, of which `replayed` was recorded."""
    outcome = session.outcome
    return Run(
        name=session.name,
        replayed=replayed,
        misses=[msgspec.to_builtins(miss) for miss in outcome.misses],
        loose=list(outcome.loose),
        assumed=list(outcome.assumed),
        blocked=list(outcome.blocked),
        unused=[interaction.title for interaction in session.answers.unused()],
        unrecorded_draws=dict(session.draws.unrecorded),
    )


class Reporter:
    """A sink of the replay's own recording: joins it with its session."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.runs: list[Run] = []
        folder = os.environ.get(REPORT_FOLDER)
        self._folder = Path(folder) if folder else None

    def listen(self, recorder: Recorder) -> None:
        """Take every finished cassette of `recorder`."""
        recorder.add_sink(self)

    def write(self, cassette: Cassette, *, fragment: bool) -> None:
        session = self._sessions.of_trace(int(cassette.trace_id, 16))
        if session is None or fragment:
            return
        run = run_of(session, cassette)
        self.runs.append(run)
        if self._folder is not None:
            final = self._folder / f"{len(self.runs):06d}-{os.getpid()}.json"
            draft = final.with_suffix(".part")
            draft.write_bytes(msgspec.json.encode(run))
            draft.replace(final)


def read_run(path: Path) -> Run:
    """A report left by a process under replay."""
    return msgspec.json.decode(path.read_bytes(), type=Run)
