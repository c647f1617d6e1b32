"""What a replayed request did, handed to whoever judges it."""

from __future__ import annotations

import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any

import msgspec

from timetracer_otel.cassette import Cassette, merge_fragment
from timetracer_otel.interaction.parts import Part
from timetracer_otel.recording import Recorder
from timetracer_otel.replay.sessions import Root, Session, Sessions

__all__ = ["REPORT_FOLDER", "Reporter", "Run", "announce", "announced", "read_run", "run_of"]

REPORT_FOLDER = "TIMETRACER_REPORT_FOLDER"
"""Environment variable: where a process under replay leaves one file a request."""

_ANNOUNCED = "announced"
_REMEMBERED = 256


class Run(Part, kw_only=True):
    """One replayed request: what was recorded of it, and what its session saw besides.

    `outside` is what failed or was stopped outside of any request since the last run.
    """

    name: str
    replayed: Cassette
    misses: list[dict[str, Any]] = []
    loose: list[str] = []
    assumed: list[str] = []
    blocked: list[str] = []
    unused: list[str] = []
    outside: list[str] = []
    unrecorded_draws: dict[str, int] = {}


def run_of(session: Session, replayed: Cassette, outside: list[str] | None = None) -> Run:
    """The run of `session`, of which `replayed` was recorded."""
    outcome = session.outcome
    return Run(
        name=session.name,
        replayed=replayed,
        misses=[msgspec.to_builtins(miss) for miss in outcome.misses],
        loose=list(outcome.loose),
        assumed=list(outcome.assumed),
        blocked=list(outcome.blocked),
        unused=session.unused(),
        outside=outside or [],
        unrecorded_draws=dict(session.draws.unrecorded),
    )


class _Kept:
    """A run that was reported, as long as more of it may come."""

    def __init__(self, session: Session, replayed: Cassette, name: str, outside: list[str]) -> None:
        self.session = session
        self.replayed = replayed
        self.name = name
        self.outside = outside


class Reporter:
    """A sink of the replay's own recording: joins it with its session.

    A run is reported when its request is complete, and again with all that comes later: what a
    detached task asked, what was stopped.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._kept: OrderedDict[Root, _Kept] = OrderedDict()
        self._count = 0
        self._lock = RLock()
        folder = os.environ.get(REPORT_FOLDER)
        self._folder = Path(folder) if folder else None

    def listen(self, recorder: Recorder) -> None:
        """Take every finished cassette of `recorder`."""
        recorder.add_sink(self)
        self._sessions.listeners.append(self._changed)

    def write(self, cassette: Cassette, *, fragment: bool) -> None:
        root = (int(cassette.trace_id, 16), int(cassette.root_span_id or "0", 16))
        with self._lock:
            known = self._kept.get(root)
            if known is not None and fragment:
                known.replayed = merge_fragment(known.replayed, cassette)
            else:
                session = self._sessions.of_root(root)
                if session is None or fragment or cassette.entry is None:
                    return
                known = self._new(session, cassette)
                self._kept[root] = known
                while len(self._kept) > _REMEMBERED:
                    self._kept.popitem(last=False)
            self._sessions.ended(root)
            self._leave(known)

    def _new(self, session: Session, cassette: Cassette) -> _Kept:
        self._count += 1
        name = f"{self._count:06d}-{os.getpid()}.json"
        return _Kept(session, cassette, name, _taken(self._sessions.outside))

    def _changed(self, session: Session) -> None:
        """Something was stopped, perhaps after its request was reported."""
        with self._lock:
            for known in self._kept.values():
                if known.session is session:
                    self._leave(known)

    def _leave(self, known: _Kept) -> None:
        if self._folder is None:
            return
        run = run_of(known.session, known.replayed, known.outside)
        with suppress(FileNotFoundError):  # nobody waits for it any more
            _put(self._folder / known.name, msgspec.json.encode(run))


def _taken(outside: Session) -> list[str]:
    """What went wrong outside of any request since the last time, each once."""
    outcome = outside.outcome
    misses, outcome.misses = outcome.misses, []
    blocked, outcome.blocked = outcome.blocked, []
    found = [f"no recorded answer for {miss.library} call {miss.asked}" for miss in misses]
    return list(dict.fromkeys([*found, *(f"stopped on its way out: {what}" for what in blocked)]))


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all: somebody is waiting for it."""
    draft = path.with_suffix(".part")
    draft.write_bytes(data)
    draft.replace(path)


def read_run(path: Path) -> Run:
    """A report left by a process under replay."""
    return msgspec.json.decode(path.read_bytes(), type=Run)


def announce(folder: Path, name: str) -> None:
    """Say which cassette's request is sent next, to the process that will answer it."""
    _put(folder / _ANNOUNCED, name.encode("utf-8", "surrogateescape"))


def announced() -> str:
    """The cassette whose request is being sent; empty where requests choose for themselves."""
    folder = os.environ.get(REPORT_FOLDER)
    if not folder:
        return ""
    try:
        return (Path(folder) / _ANNOUNCED).read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return ""
