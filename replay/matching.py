"""Choosing the recorded interaction that answers a call. Pure: no clock, no network."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from itertools import chain
from typing import Any, Literal

import msgspec

from timetracer_otel.cassette import Interaction
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.registry import protocol_named
from timetracer_otel.replay.redacted import Shown

__all__ = ["Answers", "Asks", "Found", "Nearest", "Reusable", "Wanted"]

How = Literal["path", "key", "loose"]
"""By key and path; by key alone; by key with volatile literals as placeholders."""

Asks = Callable[[Interaction], object]
"""What of an interaction is known early; equal where two may be the same."""

Wanted = Callable[[Interaction], bool]

_NEAREST_OF = 200
_NEAREST_TITLE = 300
"""What is compared for it: a request may have made thousands of long calls."""


@dataclass(frozen=True, slots=True)
class Found:
    """A recorded interaction, its place in the cassette, and how it was matched."""

    interaction: Interaction
    index: int
    how: How


@dataclass(frozen=True, slots=True)
class Nearest:
    """The most similar recorded interaction, and the first thing in which it differs."""

    interaction: Interaction
    difference: str


@dataclass
class _Index:
    """The interactions of one protocol by their keys; each queue is first in, first out."""

    by_path: dict[tuple[str, str], deque[int]] = field(default_factory=dict)
    by_key: dict[str, deque[int]] = field(default_factory=dict)
    by_loose: dict[str, list[int]] = field(default_factory=dict)
    by_loose_path: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    has_cut: bool = False


class Answers:
    """The interactions of a request's sequence, each given once.

    Keys are computed once a protocol, on its first call; finding is a look-up, however many
    interactions there are. Not thread-safe: its session holds the lock.
    """

    def __init__(
        self, interactions: Sequence[Interaction], entry: Interaction | None = None
    ) -> None:
        self.interactions = interactions
        self._entry = entry
        self._used = bytearray(len(interactions))
        self._indexes: dict[str, _Index] = {}
        self._questions: dict[Asks, dict[object, list[int]]] = {}
        self._live: dict[str, str] = {}

    def take(
        self, protocol: Protocol, request: Any, key: str, paths: Sequence[str], *, loosely: bool
    ) -> Found | None:
        """The answer to `request`, marked as given; None when nothing recorded fits.

        `paths` are where the call may be said to stand, best first: within its own span or not.
        """
        index = self._indexes.get(protocol.name) or self._make_index(protocol)
        for path in paths:
            place = self._next(index.by_path.get((key, path)))
            if place is not None:
                return self._give(place, "path")
        place = self._next(index.by_key.get(key))
        if place is None and index.has_cut:
            place = self._next(index.by_key.get(protocol.cut_key(request)))
        if place is not None:
            return self._give(place, "key")
        if loosely:
            place = self._drawn_anew(protocol, index, request, paths)
            if place is not None:
                return self._give(place, "loose")
        return None

    def upcoming(self, asks: Asks, question: object, paths: tuple[str, ...]) -> Interaction | None:
        """The first interaction left that asks `question`; it is not given by it.

        For what has to be known before a request is whole: whether its connection is refused,
        whether all of its body went out.
        """
        place = self._upcoming(asks, question, paths)
        return None if place is None else self.interactions[place]

    def take_next(
        self, asks: Asks, question: object, paths: tuple[str, ...], wanted: Wanted
    ) -> Interaction | None:
        """What is `upcoming`, marked as given if it is `wanted`."""
        place = self._upcoming(asks, question, paths)
        if place is None or not wanted(self.interactions[place]):
            return None
        return self._give(place, "key").interaction

    def _upcoming(self, asks: Asks, question: object, paths: tuple[str, ...]) -> int | None:
        places = self._by_question(asks).get(question, [])
        left = [place for place in places if not self._used[place]]
        mine = [place for place in left if self.interactions[place].path in paths]
        return next(iter(mine or left), None)

    def _by_question(self, asks: Asks) -> dict[object, list[int]]:
        found = self._questions.get(asks)
        if found is None:
            found = self._questions[asks] = {}
            for place, interaction in enumerate(self.interactions):
                found.setdefault(asks(interaction), []).append(place)
        return found

    def _drawn_anew(
        self, protocol: Protocol, index: _Index, request: Any, paths: Sequence[str]
    ) -> int | None:
        """The first call that differs in nothing but what the request itself drew.

        A literal that came from outside comes again: another one in its place is another thing.
        Nor is what the recording knows by its own name drawn anew.
        """
        self._index_loosely(protocol, index)
        loose = protocol.loose_key(request)
        here = [index.by_loose_path.get((loose, path), ()) for path in paths]
        for place in chain(*here, index.by_loose.get(loose, ())):
            if self._used[place]:
                continue
            pairs = protocol.volatile_pairs(self.interactions[place].request, request)
            before = self._known_before(place)
            if all(
                self._live.get(recorded, live) == live
                and (recorded in self._live or recorded not in before)
                and live not in self._whole
                for recorded, live in pairs.items()
            ):
                self._live.update(pairs)
                return place
        return None

    def _known_before(self, place: int) -> str:
        """All that had come from outside when the call at `place` was made."""
        came: list[Any] = [self._entry.request] if self._entry is not None else []
        came += [interaction.response for interaction in self.interactions[:place]]
        return msgspec.json.encode(came).decode()

    @cached_property
    def _whole(self) -> str:
        return msgspec.json.encode([self._entry, self.interactions]).decode()

    def take_if_due(self, protocol: Protocol, key: str, paths: tuple[str, ...]) -> Found | None:
        """The answer to `key` if all that was recorded before it at its path has been given."""
        index = self._indexes.get(protocol.name) or self._make_index(protocol)
        for path in paths:
            queue = index.by_path.get((key, path))
            while queue and self._used[queue[0]]:
                queue.popleft()
            if queue and not self._waiting_before(queue[0], protocol, path):
                return self._give(queue.popleft(), "path")
        return None

    def _waiting_before(self, place: int, protocol: Protocol, path: str) -> bool:
        """Whether calls of the protocol that were recorded earlier at `path` are still to come."""
        earlier = zip(self.interactions[:place], self._used[:place], strict=True)
        return any(
            not used and found.path == path and type(found) is protocol.interaction
            for found, used in earlier
        )

    def unused(self) -> list[Interaction]:
        """What was recorded and never asked for."""
        given = zip(self.interactions, self._used, strict=True)
        return [interaction for interaction, used in given if not used]

    def nearest(
        self, protocol: Protocol, request: Any, shown: Shown | None = None
    ) -> Nearest | None:
        """The recorded call most like `request`, unused ones first.

        The difference is told of both as they may be `shown`.
        """
        mine = [i for i in self.interactions if type(i) is protocol.interaction]
        if not mine:
            return None
        title = protocol.title(request)[:_NEAREST_TITLE]
        unused = {id(i) for i in self.unused()}
        mine.sort(key=lambda i: id(i) not in unused)
        best = max(
            mine[:_NEAREST_OF],
            key=lambda i: (
                SequenceMatcher(None, i.title[:_NEAREST_TITLE], title).ratio(),
                id(i) in unused,
            ),
        )
        pair = (best.request, request)
        if shown is not None:
            pair = (shown.request(protocol, pair[0]), shown.request(protocol, pair[1]))
        differences = protocol.differences(*pair) or (
            ["a value that is hidden"] if protocol.differences(best.request, request) else []
        )
        repeated = "nothing, but it was answered already" if id(best) not in unused else ""
        return Nearest(best, differences[0] if differences else repeated)

    def _make_index(self, protocol: Protocol) -> _Index:
        index = self._indexes[protocol.name] = _Index()
        for place, interaction in enumerate(self.interactions):
            if type(interaction) is protocol.interaction:
                key = protocol.key(interaction.request)
                index.by_path.setdefault((key, interaction.path), deque()).append(place)
                index.by_key.setdefault(key, deque()).append(place)
                body = getattr(interaction.request, "body", None)
                index.has_cut = index.has_cut or getattr(body, "truncated", False)
        return index

    def _index_loosely(self, protocol: Protocol, index: _Index) -> None:
        if index.by_loose:
            return
        for place, interaction in enumerate(self.interactions):
            if type(interaction) is protocol.interaction:
                key = protocol.loose_key(interaction.request)
                index.by_loose_path.setdefault((key, interaction.path), []).append(place)
                index.by_loose.setdefault(key, []).append(place)

    def _next(self, queue: deque[int] | None) -> int | None:
        while queue:
            place = queue.popleft()
            if not self._used[place]:
                return place
        return None

    def _give(self, place: int, how: How) -> Found:
        self._used[place] = 1
        return Found(self.interactions[place], place, how)


class Reusable:
    """Answers to connection set-up and start-up traffic: by key alone, as often as asked.

    Where one question got several answers they are given in order, each as often as it came
    then, and the last repeats.
    """

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self._interactions = interactions
        self._given: dict[str, int] = {}
        self._given_loosely: set[int] = set()

    @cached_property
    def _by_key(self) -> dict[str, list[Interaction]]:
        found: dict[str, list[Interaction]] = {}
        for interaction in self._interactions:
            protocol = protocol_named(interaction.__struct_config__.tag)  # type: ignore[arg-type]
            key = f"{protocol.name} {protocol.key(interaction.request)}"
            found.setdefault(key, []).append(interaction)
        return found

    @cached_property
    def _by_loose(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, interaction in enumerate(self._interactions):
            protocol = protocol_named(interaction.__struct_config__.tag)  # type: ignore[arg-type]
            key = f"{protocol.name} {protocol.loose_key(interaction.request)}"
            found.setdefault(key, []).append(place)
        return found

    def take(self, protocol: Protocol, key: str) -> Interaction | None:
        """The next answer for `key`, or the last one again."""
        whole = f"{protocol.name} {key}"
        recorded = self._by_key.get(whole)
        if recorded is None:
            return None
        number = self._given.get(whole, 0)
        self._given[whole] = number + 1
        return _numbered(recorded, number)

    def take_loosely(self, protocol: Protocol, request: Any) -> Interaction | None:
        """The next that differs in nothing but volatile literals, or the last one again.

        A start-up that writes the time, or a password with its salt, writes others each time.
        """
        places = self._by_loose.get(f"{protocol.name} {protocol.loose_key(request)}", [])
        left = [place for place in places if place not in self._given_loosely]
        if not places:
            return None
        self._given_loosely.update(left[:1])
        return self._interactions[left[0] if left else places[-1]]

    def upcoming(self, asks: Asks, question: object) -> Interaction | None:
        """What `take` would give next for the first key that asks `question`."""
        return next((found for _, found in self._upcoming(asks, question)), None)

    def take_next(self, asks: Asks, question: object, wanted: Wanted) -> Interaction | None:
        """What `take` would give next for a key that asks `question`, if it is `wanted`."""
        for whole, found in self._upcoming(asks, question):
            if wanted(found):
                self._given[whole] = self._given.get(whole, 0) + 1
                return found
        return None

    def _upcoming(self, asks: Asks, question: object) -> Iterator[tuple[str, Interaction]]:
        for whole, recorded in self._by_key.items():
            found = _numbered(recorded, self._given.get(whole, 0))
            if asks(found) == question:
                yield whole, found


def _numbered(recorded: list[Interaction], number: int) -> Interaction:
    """The answer that the `number`th question got, from 0; the last one for all after that."""
    for interaction in recorded:
        number -= interaction.times
        if number < 0:
            return interaction
    return recorded[-1]
