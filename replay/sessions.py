"""The recordings that a process answers from, and which of them the running code belongs to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any

from msgspec.structs import replace

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.errors import MissingRecording
from timetracer_otel.protocols.http_address import canonical_url
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequest
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.registry import protocol_named, protocol_of
from timetracer_otel.recording.current import current_paths, current_root
from timetracer_otel.recording.draft import Scope
from timetracer_otel.replay.matching import Answers, Asks, Reusable, Wanted
from timetracer_otel.replay.moved_ports import MovedPorts, origin_and_rest
from timetracer_otel.replay.recorded_draws import RecordedDraws
from timetracer_otel.replay.recorded_time import RecordedTime
from timetracer_otel.replay.redacted import Shown
from timetracer_otel.replay.substitution import spellings, with_live_values

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
    "in_force",
    "serving",
    "take_if_recorded",
    "use",
]


Root = tuple[int, int]
"""Trace ID and span ID of a request's local root."""

_REMEMBERED = 256
"""Ended requests whose detached tasks still find their session."""


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
    """One cassette while a request is replayed from it. Thread-safe.

    `outside` is for what runs outside of any request: it has no sequence, and is answered as
    often as it asks, from what was recorded there and then from the cassette's own calls.
    `shown` is how calls are told to people, and compared where the cassette stays redacted.
    `hint` is what a miss advises, where that is not another `timetracer record`.
    """

    def __init__(
        self,
        cassette: Cassette,
        name: str,
        *,
        loosely: bool = True,
        outside: bool = False,
        shown: Shown | None = None,
        hint: str = "",
    ) -> None:
        self.cassette = cassette
        self.name = name
        self.outcome = Outcome()
        self.answers = Answers(cassette.interactions, cassette.entry)
        self.time = RecordedTime(cassette)
        self.draws = RecordedDraws(cassette)
        self._bootstrap = Reusable(cassette.bootstrap)
        self._again = Reusable(cassette.interactions)
        self._loosely = loosely
        self._shown = shown
        self._is_redacted = shown is not None and cassette.redaction.policy != "none"
        self._outside = outside
        self._hint = hint
        self._pairs: dict[str, str] = {}
        self._seen: dict[str, tuple[Protocol, ...]] = {}
        self._moves_told: set[str] = set()
        self._lock = RLock()

    def answer(self, protocol: Protocol, library: str, ref: object, scope: Scope) -> Interaction:
        """The recorded interaction that answers `ref`. Raises `MissingRecording`."""
        request = self._encoded(protocol, ref)
        key = protocol.key(request)
        with self._lock:
            found = (
                self._set_up(protocol, request, key)
                if scope == "bootstrap" or self._outside
                else self._in_sequence(protocol, request, key)
            )
            if found is None:
                found = self._self_evident(protocol, library, request)
            if found is None:
                raise self._missing(protocol, library, request)
            return with_live_values(found, self._pairs)

    def take_if_recorded(
        self, protocol_name: str, ref: object, scope: Scope = "trace"
    ) -> Interaction | None:
        """The recorded interaction for `ref` if there is one; no miss otherwise."""
        protocol = protocol_named(protocol_name)
        request = self._encoded(protocol, ref)
        key = protocol.key(request)
        with self._lock:
            if scope == "bootstrap":
                return self._bootstrap.take(protocol, key)
            found = self.answers.take(protocol, request, key, current_paths(), loosely=False)
        return found.interaction if found is not None else None

    def _encoded(self, protocol: Protocol, ref: object) -> Any:
        request = protocol.encode_request(ref)
        if type(request) is HttpRequest:
            url = self.recorded_url(request.method, request.url)
            if url != request.url:
                return replace(request, url=url)
        return request

    def recorded_url(self, method: str, url: str) -> str:
        """`url` at the port that its server had when it was recorded."""
        origin, rest = origin_and_rest(url)
        with self._lock:
            moved, known = self._moved
            found = moved.recorded_as(origin, lambda one: _asked(method, rest) in known[one])
            self.tell_moved(found, origin)
        return found + rest

    def tell_moved(self, recorded: str, live: str) -> None:
        """`live` stands for the address `recorded`, at another port if it is not the same."""
        if recorded == live:
            return
        told = f"{recorded} ← {live} (another port)"
        with self._lock:
            if told not in self._moves_told:
                self._moves_told.add(told)
                self.outcome.loose.append(told)

    @cached_property
    def _moved(self) -> tuple[MovedPorts, dict[str, set[str]]]:
        """Where HTTP was asked, and what."""
        known: dict[str, set[str]] = {}
        for one in (*self.cassette.bootstrap, *self.cassette.interactions):
            if isinstance(one, HttpInteraction):
                origin, rest = origin_and_rest(one.request.url)
                known.setdefault(origin, set()).add(_asked(one.request.method, rest))
        return MovedPorts(known if self._loosely else ()), known

    def upcoming(self, asks: Asks, question: object) -> Interaction | None:
        """The first interaction left that asks `question`; it is not given by it."""
        with self._lock:
            found = self.answers.upcoming(asks, question, current_paths())
            return found or self._bootstrap.upcoming(asks, question)

    def take_next(self, asks: Asks, question: object, wanted: Wanted) -> Interaction | None:
        """The same, given if it is `wanted`; no miss otherwise."""
        with self._lock:
            found = self.answers.take_next(asks, question, current_paths(), wanted)
            return found or self._bootstrap.take_next(asks, question, wanted)

    def take_if_due(self, protocol_name: str, ref: object) -> Interaction | None:
        """As `take_if_recorded`, but only when everything before it at this place was given.

        For what happens by itself, at its time: a connection that is refused.
        """
        protocol = protocol_named(protocol_name)
        key = protocol.key(self._encoded(protocol, ref))
        with self._lock:
            found = self.answers.take_if_due(protocol, key, current_paths())
        return found.interaction if found is not None else None

    def unused(self) -> list[str]:
        """The titles of what was recorded and never asked for."""
        left = self.answers.unused()
        return [self._title(protocol_of(each), each.request) for each in left]

    def _set_up(self, protocol: Protocol, request: Any, key: str) -> Interaction | None:
        found = self._bootstrap.take(protocol, key)
        if found is None:
            found = self._again.take(protocol, key)
        if found is None and self._loosely:
            found = self._bootstrap.take_loosely(protocol, request)
            if found is not None:
                found = self._matched_loosely(protocol, found, request)
        return found

    def _in_sequence(self, protocol: Protocol, request: Any, key: str) -> Interaction | None:
        paths = current_paths()
        found = self.answers.take(protocol, request, key, paths, loosely=False)
        if found is not None:
            return found.interaction
        again = self._bootstrap.take(protocol, key)
        if again is not None or not self._loosely:
            return again
        seen = self._ways(protocol)
        for way in seen:
            found = self.answers.take(way, request, way.key(request), paths, loosely=False)
            if found is not None:
                self._note(protocol, found.interaction, request, "what is hidden was not compared")
                return found.interaction
        for way in (protocol, *seen):
            found = self.answers.take(way, request, way.key(request), paths, loosely=True)
            if found is not None:
                return self._matched_loosely(protocol, found.interaction, request, way=way)
        return None

    def _matched_loosely(
        self, protocol: Protocol, recorded: Interaction, request: Any, way: Protocol | None = None
    ) -> Interaction:
        """`recorded` as it fits; what the live call has in place of literals goes into answers."""
        pairs = (way or protocol).volatile_pairs(recorded.request, request)
        self._pairs.update(spellings(pairs))
        self._note(protocol, recorded, request)
        fitted: Interaction = protocol.fitted(recorded, request)
        return fitted

    def _ways(self, protocol: Protocol) -> tuple[Protocol, ...]:
        """Other ways to see two requests as one, where what they hold was hidden in one."""
        if not self._is_redacted or self._shown is None:
            return ()
        if protocol.name not in self._seen:
            self._seen[protocol.name] = self._shown.ways(protocol)
        return self._seen[protocol.name]

    def _note(self, protocol: Protocol, recorded: Interaction, request: Any, why: str = "") -> None:
        told = f"{self._title(protocol, recorded.request)} ← {self._title(protocol, request)}"
        self.outcome.loose.append(f"{told} ({why})" if why else told)

    def _title(self, protocol: Protocol, request: Any) -> str:
        if self._shown is None:
            return protocol.title(request)
        return self._shown.title(protocol, request)

    def _self_evident(self, protocol: Protocol, library: str, request: Any) -> Interaction | None:
        """What needs no recording to be answered (a commit); named in the verdict."""
        response = protocol.self_evident(request)
        if response is None:
            return None
        self.outcome.assumed.append(self._title(protocol, request))
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
        asked = self._title(protocol, request)
        near = self.answers.nearest(protocol, request, self._shown)
        nearest = self._title(protocol, near.interaction.request) if near is not None else ""
        difference = near.difference if near is not None else ""
        self.outcome.misses.append(Miss(library, asked, nearest, difference))
        return MissingRecording(
            library=library,
            asked=asked,
            nearest=nearest,
            difference=difference,
            cassette=self.name,
            hint=self.hint_for(library),
        )

    def hint_for(self, library: str) -> str:
        """What is advised when `library` asks what nothing answers; empty for the usual."""
        return self._hint.replace("{library}", library)


def _asked(method: str, rest: str) -> str:
    """What is asked of a server, wherever it listens."""
    return f"{method} {canonical_url(f'http://-{rest}')}"


class Sessions:
    """All the sessions of a process.

    One for what runs outside of any request, and one a request, found by the local root that
    the running code belongs to: a service that calls itself has several requests in one trace.
    What goes on after its request's end finds its session until `_REMEMBERED` others ended.
    """

    def __init__(self, outside: Session, live: Sequence[str] = ()) -> None:
        self.outside = outside
        self.live = frozenset(live)
        self.listeners: list[Callable[[Session], None]] = []
        self._by_root: dict[Root, Session] = {}
        self._choosing: dict[Root, Callable[[], Session]] = {}
        self._ended: OrderedDict[Root, None] = OrderedDict()
        self._lock = RLock()

    def bind_later(self, root: Root, choose: Callable[[], Session]) -> None:
        """The session of this request is chosen when its code first needs one."""
        with self._lock:
            self._choosing[root] = choose

    def of_root(self, root: Root) -> Session | None:
        """The session of a request; None for what is none."""
        found = self._by_root.get(root)
        if found is None and root in self._choosing:
            with self._lock:  # the others wait for the first who asks
                choose = self._choosing.pop(root, None)
                if choose is not None:
                    self._by_root[root] = choose()
                found = self._by_root.get(root)
        return found

    def ended(self, root: Root) -> None:
        """The request is over and reported; the sessions of the last ones are kept."""
        with self._lock:
            self._ended[root] = None
            self._ended.move_to_end(root)
            while len(self._ended) > _REMEMBERED:
                gone, _ = self._ended.popitem(last=False)
                self._by_root.pop(gone, None)
                self._choosing.pop(gone, None)

    def current_request(self) -> Session | None:
        """The session of the request that the running code belongs to."""
        if not self._by_root and not self._choosing:
            return None
        root = current_root()
        return self.of_root(root) if root is not None else None

    def current(self) -> Session:
        """The running code's session."""
        return self.current_request() or self.outside

    def block(self, what: str) -> None:
        """The running code's call `what` was stopped on its way out."""
        session = self.current()
        session.outcome.blocked.append(what)
        for listener in self.listeners:
            listener(session)


_active: Sessions | None = None


def use(sessions: Sessions | None) -> None:
    """Answer from `sessions` from here on; from none at all with None."""
    global _active
    _active = sessions


def in_force() -> Sessions | None:
    """Where answers come from; None when no replay is active."""
    return _active


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


def take_if_recorded(
    protocol: str, request_ref: object, scope: Scope = "trace"
) -> Interaction | None:
    """The recorded interaction for a call of the running code, if there is one; no miss."""
    session = current_session()
    return session.take_if_recorded(protocol, request_ref, scope) if session is not None else None


@contextmanager
def answering_from(sessions: Sessions) -> Iterator[Sessions]:
    """Answer from `sessions` until the block ends."""
    before = _active
    use(sessions)
    try:
        yield sessions
    finally:
        use(before)
