"""The recordings that a process answers from, and which of them the running code belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import msgspec
from opentelemetry import trace as otel
from opentelemetry.trace import SpanKind

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.errors import MissingRecording
from timetracer_otel.interaction.parts import Part
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.registry import protocol_named
from timetracer_otel.recording.draft import Scope
from timetracer_otel.recording.recorder import current_trace
from timetracer_otel.replay.matching import Answers, Reusable
from timetracer_otel.replay.recorded_draws import RecordedDraws
from timetracer_otel.replay.recorded_time import RecordedTime

__all__ = [
    "Miss",
    "Outcome",
    "RecordedDraws",
    "RecordedTime",
    "Session",
    "Sessions",
    "answer",
    "answering_from",
    "current_request_session",
    "current_session",
    "serving",
    "use",
]


@dataclass(frozen=True, slots=True)
class Miss:
    """A call without a recorded answer; it counts even if the application swallows the error."""

    library: str
    asked: str
    nearest: str = ""
    difference: str = ""


@dataclass
class Outcome:
    """What a session has seen besides plain matches."""

    misses: list[Miss] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)


class Session:
    """One cassette while a request is replayed from it. Thread-safe."""

    def __init__(self, cassette: Cassette, name: str, *, loosely: bool = True) -> None:
        self.cassette = cassette
        self.name = name
        self.outcome = Outcome()
        self.answers = Answers(cassette.interactions)
        self.time = RecordedTime(cassette)
        self.draws = RecordedDraws(cassette)
        self._bootstrap = Reusable(cassette.bootstrap)
        self._again = Reusable(cassette.interactions)
        self._loosely = loosely
        self._pairs: dict[str, str] = {}
        self._lock = RLock()

    def answer(self, protocol: Protocol, library: str, ref: object, scope: Scope) -> Interaction:
        """The recorded interaction that answers `ref`. Raises `MissingRecording`."""
        request = protocol.encode_request(ref)
        key = protocol.key(request)
        with self._lock:
            found = (
                self._set_up(protocol, key)
                if scope == "bootstrap"
                else self._in_sequence(protocol, request, key)
            )
            if found is None:
                found = self._self_evident(protocol, library, request)
            if found is None:
                raise self._missing(protocol, library, request)
            return self._with_live_values(found)

    def take_if_recorded(
        self, protocol_name: str, ref: object, scope: Scope = "trace"
    ) -> Interaction | None:
        """The recorded interaction for `ref` if there is one; no miss otherwise."""
        protocol = protocol_named(protocol_name)
        request = protocol.encode_request(ref)
        with self._lock:
            if scope == "bootstrap":
                return self._bootstrap.take(protocol, protocol.key(request))
            found = self.answers.take(
                protocol, request, protocol.key(request), _path(), loosely=False
            )
        return found.interaction if found is not None else None

    def take_if_due(self, protocol_name: str, ref: object) -> Interaction | None:
        """As `take_if_recorded`, but only when everything before it at this place was given.

        For what happens by itself, at its time: a connection that is refused.
        """
        protocol = protocol_named(protocol_name)
        key = protocol.key(protocol.encode_request(ref))
        with self._lock:
            found = self.answers.take_if_due(protocol, key, _path())
        return found.interaction if found is not None else None

    def _set_up(self, protocol: Protocol, key: str) -> Interaction | None:
        found = self._bootstrap.take(protocol, key)
        return found if found is not None else self._again.take(protocol, key)

    def _in_sequence(self, protocol: Protocol, request: Any, key: str) -> Interaction | None:
        path = _path()
        found = self.answers.take(protocol, request, key, path, loosely=False)
        if found is not None:
            return found.interaction
        again = self._bootstrap.take(protocol, key)
        if again is not None or not self._loosely:
            return again
        found = self.answers.take(protocol, request, key, path, loosely=True)
        if found is None:
            return None
        self._pairs.update(protocol.volatile_pairs(found.interaction.request, request))
        self.outcome.loose.append(f"{found.interaction.title} ← {protocol.title(request)}")
        return found.interaction

    def _self_evident(self, protocol: Protocol, library: str, request: Any) -> Interaction | None:
        """What needs no recording to be answered (a commit); named in the verdict."""
        response = protocol.self_evident(request)
        if response is None:
            return None
        self.outcome.assumed.append(protocol.title(request))
        made: Any = protocol.interaction
        interaction: Interaction = made(
            id=0,
            library=library,
            title=protocol.title(request),
            start_us=0,
            request=request,
            response=response,
        )
        return interaction

    def _missing(self, protocol: Protocol, library: str, request: Any) -> MissingRecording:
        asked = protocol.title(request)
        near = self.answers.nearest(protocol, request)
        nearest = near.interaction.title if near is not None else ""
        difference = near.difference if near is not None else ""
        self.outcome.misses.append(Miss(library, asked, nearest, difference))
        return MissingRecording(
            library=library,
            asked=asked,
            nearest=nearest,
            difference=difference,
            cassette=self.name,
        )

    def _with_live_values(self, interaction: Interaction) -> Interaction:
        if not self._pairs or interaction.response is None:
            return interaction
        response = _substituted(interaction.response, self._pairs)
        return msgspec.structs.replace(interaction, response=response)


def _path() -> str:
    """Where in its request the running code is; within a CLIENT span it is that span's call."""
    record = current_trace()
    span = otel.get_current_span()
    if record is None:
        return ""
    client = getattr(span, "kind", None) is SpanKind.CLIENT
    return record.path_of(span.get_span_context().span_id, own_span=client)


def _substituted(part: Part, pairs: dict[str, str]) -> Any:
    """`part` with every recorded value that a loose match replaced by its live one."""
    return msgspec.convert(_walk(msgspec.to_builtins(part), pairs), type(part))


def _walk(value: Any, pairs: dict[str, str]) -> Any:
    if isinstance(value, str):
        for recorded, live in pairs.items():
            if recorded in value:
                value = value.replace(recorded, live)
        return value
    if isinstance(value, list | tuple):
        return [_walk(item, pairs) for item in value]
    if isinstance(value, dict):
        return {key: _walk(item, pairs) for key, item in value.items()}
    return value


class Sessions:
    """All the sessions of a process: one for what runs outside of any request, and one a
    request, found by the trace that the running code belongs to.
    """

    def __init__(self, outside: Session, live: Sequence[str] = ()) -> None:
        self.outside = outside
        self.live = frozenset(live)
        self._by_trace: dict[int, Session] = {}
        self._choosing: dict[int, Callable[[], Session]] = {}

    def bind_later(self, trace_id: int, choose: Callable[[], Session]) -> None:
        """The session of this trace is chosen when its code first needs one: by then the body
        of its request is there, as a rule.
        """
        self._by_trace.pop(trace_id, None)  # a client may send one trace ID twice
        self._choosing[trace_id] = choose

    def of_trace(self, trace_id: int) -> Session | None:
        """The session of a request; None for a trace that is none."""
        found = self._by_trace.get(trace_id)
        if found is None and trace_id in self._choosing:
            choose = self._choosing.pop(trace_id, None)
            if choose is not None:
                found = self._by_trace[trace_id] = choose()
        return found

    def current_request(self) -> Session | None:
        """The session of the request that the running code belongs to."""
        if not self._by_trace and not self._choosing:
            return None
        return self.of_trace(otel.get_current_span().get_span_context().trace_id)

    def current(self) -> Session:
        """The running code's session."""
        return self.current_request() or self.outside


_active: Sessions | None = None


def use(sessions: Sessions | None) -> None:
    """Answer from `sessions` from here on; from none at all with None."""
    global _active
    _active = sessions


def current_session() -> Session | None:
    """The session of the running code; None when no replay is active."""
    return _active.current() if _active is not None else None


def current_request_session() -> Session | None:
    """The session of the running code's request; None outside of any."""
    return _active.current_request() if _active is not None else None


def serving(library: str) -> bool:
    """Whether a replay is active and `library` is answered from it."""
    return _active is not None and library not in _active.live


def answer(protocol: str, library: str, request_ref: object, scope: Scope = "trace") -> Interaction:
    """The recorded interaction for a live call of the running code.

    Raises `MissingRecording`. Call it only where `serving` says so.
    """
    session = current_session()
    if session is None:
        raise RuntimeError("no replay is active")
    return session.answer(protocol_named(protocol), library, request_ref, scope)


@contextmanager
def answering_from(sessions: Sessions) -> Iterator[Sessions]:
    """Answer from `sessions` until the block ends."""
    before = _active
    use(sessions)
    try:
        yield sessions
    finally:
        use(before)
