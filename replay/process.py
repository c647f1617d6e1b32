"""A process under replay: answers instead of services, recorded time, nothing on the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
from msgspec.structs import replace

import timetracer_otel.replay.libraries
from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.cassette.files import find, read
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction.body import Body
from timetracer_otel.libraries import Installation
from timetracer_otel.protocols.http import HTTP, encode_request
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.recording import Recorder
from timetracer_otel.recording.trace import TraceRecord
from timetracer_otel.redaction.policy import Policy, policy_of
from timetracer_otel.replay import sessions
from timetracer_otel.replay.ahead import READ_AHEAD, install_reading_ahead
from timetracer_otel.replay.choosing import UNKNOWN, Choices
from timetracer_otel.replay.clock import install_clock
from timetracer_otel.replay.draws import install_draws
from timetracer_otel.replay.guard import install_guard
from timetracer_otel.replay.redacted import masked, opened, shown_by
from timetracer_otel.replay.reporting import Reporter, announced
from timetracer_otel.replay.requests import requests_of
from timetracer_otel.replay.sessions import Session, Sessions
from timetracer_otel.settings import Settings

__all__ = ["REPLAY", "Named", "activate", "begin_replay", "load"]

REPLAY = Installation(timetracer_otel.replay.libraries)


@dataclass(frozen=True, slots=True)
class Named:
    """A cassette and where it came from; the name of one request of several ends in ``#2``.

    `closed` is why what it hides cannot be seen.
    """

    name: str
    cassette: Cassette
    file: str = ""
    closed: str = ""


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
    return [named for file in files for named in _in_file(str(file), *opened(read(file)))]


def _in_file(file: str, cassette: Cassette, closed: str) -> list[Named]:
    found = requests_of(cassette)
    if len(found) == 1:
        return [Named(file, found[0], file, closed)]
    return [Named(f"{file}#{n}", one, file, closed) for n, one in enumerate(found, start=1)]


def activate(settings: Settings, recorder: Recorder) -> None:
    """Entry point ``timetracer_otel.mode``: the whole process answers from its cassettes.

    Called before capture is installed, so that the replay is itself recorded.
    """
    begin_replay(load(settings.cassette), settings, recorder)


def begin_replay(cassettes: Sequence[Named], settings: Settings, recorder: Recorder) -> Sessions:
    """Answer from `cassettes` from here on, in this process. Raises `CannotReplay`."""
    first = min(cassettes, key=lambda named: named.cassette.recorded_at)
    common = replace(first.cassette, bootstrap=_all_bootstraps(cassettes))
    shown = shown_by(settings, first.cassette)
    found = Sessions(Session(common, first.name, outside=True, shown=shown), settings.live)
    sessions.use(found)
    REPLAY.install()
    if settings.clock:
        install_clock(first.cassette, _current_time)
    if settings.randomness:
        install_draws(_current_draws)
    install_guard(found)
    entries = _Entries(cassettes, found, recorder, settings)
    entries.listen()
    install_reading_ahead(entries.depends_on_body)
    Reporter(found).listen(recorder)
    return found


def _all_bootstraps(cassettes: Sequence[Named]) -> list[Interaction]:
    """What any of them knows, each answer once: the cassettes of a process repeat each other."""
    found: dict[bytes, Interaction] = {}
    for named in cassettes:
        for one in named.cassette.bootstrap:
            what = (one.library, one.request, one.response, one.error)
            found.setdefault(msgspec.json.encode(what), one)
    return list(found.values())


def _current_time() -> sessions.RecordedTime | None:
    session = sessions.current_request_session()
    return session.time if session is not None else None


def _current_draws() -> sessions.RecordedDraws | None:
    session = sessions.current_request_session()
    return session.draws if session is not None else None


class ClosedEntries:
    """Cassettes that stay redacted, chosen by what of a request can be seen in them."""

    def __init__(self, cassettes: Sequence[Named], policy: Policy | None) -> None:
        self._cassettes = {named.name: named.cassette for named in cassettes}
        self._policy = policy

    @cached_property
    def _choices(self) -> Choices:
        shown = ((name, self._masked(cassette)) for name, cassette in self._cassettes.items())
        return Choices(list(shown))

    def _masked(self, cassette: Cassette) -> Cassette:
        bare = replace(cassette, interactions=[])
        return masked(bare, self._policy) if self._policy is not None else bare

    def choose(self, ref: Any) -> tuple[str, Cassette] | None:
        """The cassette for a live request; None where none fits."""
        if not self._cassettes or self._policy is None:
            return None
        made: Any = HTTP.interaction
        request = encode_request(ref)
        entry = made(id=0, library="", title="", start_us=0, request=request)
        first = next(iter(self._cassettes.values()))
        live = self._masked(replace(first, entry=entry)).entry
        assert isinstance(live, HttpInteraction)  # noqa: S101 - it was put there
        name, _ = self._choices.choose_for(live.request)
        return (name, self._cassettes[name]) if name in self._cassettes else None


class _Entries:
    """Gives each inbound request the cassette whose recorded entry it repeats."""

    def __init__(
        self,
        cassettes: Sequence[Named],
        found: Sessions,
        recorder: Recorder,
        settings: Settings,
    ) -> None:
        self._settings = settings
        self._sessions = found
        self._recorder = recorder
        self._lock = Lock()
        self._choices = Choices([(named.name, named.cassette) for named in cassettes])
        policy = policy_of(settings) if settings.redaction == "on" else None
        self._closed = ClosedEntries([n for n in cassettes if n.closed], policy)

    def listen(self) -> None:
        """From now on, every entry is bound to a session as it begins."""
        self._recorder.entry_listeners.append(self._on_entry)

    def depends_on_body(self, method: str, url: str) -> bool:
        """Whether a request's body must be known before its session can be."""
        return not announced() and self._choices.depends_on_body(method, url)

    def _on_entry(self, record: TraceRecord) -> None:
        """Only notes the request: what it takes to choose is done when the session is needed."""
        entry = record.entry
        if entry is not None:
            request, ahead = entry.request, READ_AHEAD.get()
            self._sessions.bind_later(record.root, lambda: self._choose(request, ahead))

    def _choose(self, request: Any, ahead: Body | None) -> Session:
        if ahead is not None:
            request = dataclasses.replace(request, body=ahead)
        with self._lock:
            name, cassette = self._choices.choose(request, announced())
            if name == UNKNOWN:
                name, cassette = self._closed.choose(request) or (name, cassette)
        return Session(cassette, name, shown=shown_by(self._settings, cassette))
