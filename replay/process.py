"""A process under replay: answers instead of services, recorded time, nothing on the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from msgspec.structs import replace
from opentelemetry import trace as otel

import timetracer_otel.replay.libraries
from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.cassette.files import find, read
from timetracer_otel.errors import CannotReplay
from timetracer_otel.libraries import Installation
from timetracer_otel.recording import Recorder
from timetracer_otel.recording.trace import TraceRecord
from timetracer_otel.replay import sessions
from timetracer_otel.replay.choosing import Choices
from timetracer_otel.replay.clock import install_clock
from timetracer_otel.replay.draws import install_draws
from timetracer_otel.replay.guard import install_guard
from timetracer_otel.replay.reporting import Reporter
from timetracer_otel.replay.sessions import Session, Sessions
from timetracer_otel.settings import Settings

__all__ = ["REPLAY", "Named", "activate", "begin_replay", "load"]

REPLAY = Installation(timetracer_otel.replay.libraries)


@dataclass(frozen=True, slots=True)
class Named:
    """A cassette and where it came from."""

    name: str
    cassette: Cassette


def load(paths: Sequence[str]) -> list[Named]:
    """Every cassette in files and folders. Raises `CannotReplay`, `CassetteError`."""
    files: list[Path] = []
    for text in paths:
        path = Path(text)
        files += find(path) if path.is_dir() else [path]
    if not files:
        raise CannotReplay(
            subject=", ".join(paths) or "nothing",
            reason="there is no cassette there",
            hint="record one with `timetracer record -- COMMAND`",
        )
    return [Named(str(file), read(file)) for file in files]


def activate(settings: Settings, recorder: Recorder) -> None:
    """Entry point ``timetracer_otel.mode``: the whole process answers from its cassettes.

    Called before capture is installed, so that the replay is itself recorded.
    """
    begin_replay(load(settings.cassette), settings, recorder)


def begin_replay(cassettes: Sequence[Named], settings: Settings, recorder: Recorder) -> Sessions:
    """Answer from `cassettes` from here on, in this process. Raises `CannotReplay`."""
    first = cassettes[0]
    outside = Session(replace(first.cassette, bootstrap=_all_bootstraps(cassettes)), first.name)
    found = Sessions(outside, settings.live)
    sessions.use(found)
    REPLAY.install()
    if settings.clock:
        install_clock(first.cassette, _current_time)
    if settings.randomness:
        install_draws(_current_draws)
    install_guard(found)
    _Entries(cassettes, found, recorder).listen()
    Reporter(found).listen(recorder)
    return found


def _all_bootstraps(cassettes: Sequence[Named]) -> list[Interaction]:
    return [interaction for named in cassettes for interaction in named.cassette.bootstrap]


def _current_time() -> sessions.RecordedTime | None:
    session = sessions.current_request_session()
    return session.time if session is not None else None


def _current_draws() -> sessions.RecordedDraws | None:
    session = sessions.current_request_session()
    return session.draws if session is not None else None


class _Entries:
    """Gives each inbound request the cassette whose recorded entry it repeats."""

    def __init__(self, cassettes: Sequence[Named], found: Sessions, recorder: Recorder) -> None:
        self._sessions = found
        self._recorder = recorder
        self._lock = Lock()
        self._choices = Choices([(named.name, named.cassette) for named in cassettes])

    def listen(self) -> None:
        """From now on, every entry is bound to a session as it begins."""
        self._recorder.entry_listeners.append(self._on_entry)

    def _on_entry(self, record: TraceRecord) -> None:
        entry = record.entry
        if entry is None:
            return
        trace_id = otel.get_current_span().get_span_context().trace_id
        self._sessions.bind_later(trace_id, lambda: self._choose(entry.request))

    def _choose(self, request: object) -> Session:
        with self._lock:
            name, cassette = self._choices.choose(request)
        return Session(cassette, name)
