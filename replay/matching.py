"""Choosing the recorded interaction that answers a call. Pure: no clock, no network."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, Literal

from timetracer_otel.cassette import Interaction
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.registry import protocol_named

__all__ = ["Answers", "Found", "Nearest", "Reusable"]

How = Literal["path", "key", "loose"]
"""By key and path; by key alone; by key with volatile literals as placeholders."""

_NEAREST_OF = 200


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
    by_loose: dict[str, deque[int]] = field(default_factory=dict)


class Answers:
    """The interactions of a request's sequence, each given once.

    Keys are computed once a protocol, on its first call; finding is a look-up, however many
    interactions there are. Not thread-safe: its session holds the lock.
    """

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self.interactions = interactions
        self._used = bytearray(len(interactions))
        self._indexes: dict[str, _Index] = {}

    def take(
        self, protocol: Protocol, request: Any, key: str, path: str, *, loosely: bool
    ) -> Found | None:
        """The answer to `request`, marked as given; None when nothing recorded fits."""
        index = self._indexes.get(protocol.name) or self._make_index(protocol)
        place = self._next(index.by_path.get((key, path)))
        if place is not None:
            return self._give(place, "path")
        place = self._next(index.by_key.get(key))
        if place is not None:
            return self._give(place, "key")
        if loosely:
            place = self._next(self._loose(protocol, index).get(protocol.loose_key(request)))
            if place is not None:
                return self._give(place, "loose")
        return None

    def take_if_due(self, protocol: Protocol, key: str, path: str) -> Found | None:
        """The answer to `key` if all that was recorded before it at `path` has been given."""
        index = self._indexes.get(protocol.name) or self._make_index(protocol)
        queue = index.by_path.get((key, path))
        while queue and self._used[queue[0]]:
            queue.popleft()
        if not queue:
            return None
        before = range(queue[0])
        waiting = (i for i in before if not self._used[i] and self.interactions[i].path == path)
        if any(type(self.interactions[i]) is protocol.interaction for i in waiting):
            return None
        return self._give(queue.popleft(), "path")

    def unused(self) -> list[Interaction]:
        """What was recorded and never asked for."""
        given = zip(self.interactions, self._used, strict=True)
        return [interaction for interaction, used in given if not used]

    def nearest(self, protocol: Protocol, request: Any) -> Nearest | None:
        """The recorded call most like `request`, unused ones first."""
        mine = [i for i in self.interactions if type(i) is protocol.interaction]
        if not mine:
            return None
        title = protocol.title(request)
        unused = {id(i) for i in self.unused()}
        best = max(
            mine[:_NEAREST_OF],
            key=lambda i: (SequenceMatcher(None, i.title, title).ratio(), id(i) in unused),
        )
        differences = protocol.differences(best.request, request)
        repeated = "nothing, but it was answered already" if id(best) not in unused else ""
        return Nearest(best, differences[0] if differences else repeated)

    def _make_index(self, protocol: Protocol) -> _Index:
        index = self._indexes[protocol.name] = _Index()
        for place, interaction in enumerate(self.interactions):
            if type(interaction) is protocol.interaction:
                key = protocol.key(interaction.request)
                index.by_path.setdefault((key, interaction.path), deque()).append(place)
                index.by_key.setdefault(key, deque()).append(place)
        return index

    def _loose(self, protocol: Protocol, index: _Index) -> dict[str, deque[int]]:
        if not index.by_loose:
            for place, interaction in enumerate(self.interactions):
                if type(interaction) is protocol.interaction:
                    key = protocol.loose_key(interaction.request)
                    index.by_loose.setdefault(key, deque()).append(place)
        return index.by_loose

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

    Where one question got several answers they are given in order, and the last repeats.
    """

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self._interactions = interactions
        self._given: dict[str, int] = {}

    @cached_property
    def _by_key(self) -> dict[str, list[Interaction]]:
        found: dict[str, list[Interaction]] = {}
        for interaction in self._interactions:
            protocol = protocol_named(interaction.__struct_config__.tag)  # type: ignore[arg-type]
            key = f"{protocol.name} {protocol.key(interaction.request)}"
            found.setdefault(key, []).append(interaction)
        return found

    def take(self, protocol: Protocol, key: str) -> Interaction | None:
        """The next answer for `key`, or the last one again."""
        whole = f"{protocol.name} {key}"
        recorded = self._by_key.get(whole)
        if recorded is None:
            return None
        number = self._given.get(whole, 0)
        self._given[whole] = number + 1
        return recorded[min(number, len(recorded) - 1)]
