"""The calls of a recording and of its replay, side by side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from timetracer_otel.cassette import Interaction
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.registry import protocol_named

__all__ = ["Calls", "compare_calls"]

_ALIKE = 0.6
"""Titles less alike than this are two calls, not one that changed."""

_MOST_PAIRS = 50
_TOLD = 3
_LONGEST = 300


@dataclass
class Calls:
    """What differs, one line a call.

    `missing` were not made, `changed` were made with another field, `repeated` were made more
    often. `unanswered` are the titles of the calls among the last two that nothing answered. A
    call that is none of these is for who answers to tell.
    """

    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Call:
    interaction: Interaction
    protocol: Protocol
    key: tuple[str, str]

    @property
    def title(self) -> str:
        return self.interaction.title

    @property
    def request(self) -> Any:
        return self.interaction.request


def compare_calls(
    recorded: Iterable[Interaction], replayed: Iterable[Interaction], assumed: Iterable[str] = ()
) -> Calls:
    """Calls by loose key: literals drawn anew are the same call. Order is not compared.

    `assumed` are the titles of calls that were taken to succeed: they are no repetitions.
    """
    before, after = _calls(recorded), _calls(replayed)
    missing, extra = _left_over(before, after), _left_over(after, before)
    known = {call.key for call in before}
    taken = Counter(assumed)
    found = Calls()
    new: list[_Call] = []
    again: list[_Call] = []
    for call in extra:
        if _nothing_answered(call.interaction):
            new.append(call)
        elif call.key in known:
            if taken[call.title]:
                taken[call.title] -= 1
            else:
                again.append(call)
    for one, other in _pairs(missing, new):
        missing.remove(one)
        new.remove(other)
        found.changed.append(_change(one, other))
        found.unanswered[other.title] += 1
    too_often = [call for call in new if call.key in known]
    found.unanswered.update(call.title for call in too_often)
    found.missing = _counted(missing)
    found.repeated = _counted([*again, *too_often])
    return found


def _calls(interactions: Iterable[Interaction]) -> list[_Call]:
    found = []
    for interaction in interactions:
        protocol = protocol_named(str(interaction.__struct_config__.tag))
        key = (protocol.name, protocol.loose_key(interaction.request))
        found.append(_Call(interaction, protocol, key))
    return found


def _left_over(calls: list[_Call], others: list[_Call]) -> list[_Call]:
    """Those of `calls` that have no counterpart; of several with one key those at other paths."""
    places = Counter((call.key, call.interaction.path) for call in others)
    keys = Counter(call.key for call in others)
    first = []
    for call in calls:
        place = (call.key, call.interaction.path)
        if places[place]:
            places[place] -= 1
            keys[call.key] -= 1
        else:
            first.append(call)
    left = []
    for call in first:
        if keys[call.key] > 0:
            keys[call.key] -= 1
        else:
            left.append(call)
    return left


def _nothing_answered(interaction: Interaction) -> bool:
    error = interaction.error
    return error is not None and error.type == "MissingRecording"


def _pairs(missing: list[_Call], new: list[_Call]) -> list[tuple[_Call, _Call]]:
    """A call that was not made, and one that was made instead: the most similar first."""
    scored = [
        (_likeness(one, other), m, n)
        for m, one in enumerate(missing[:_MOST_PAIRS])
        for n, other in enumerate(new[:_MOST_PAIRS])
        if one.protocol is other.protocol
    ]
    pairs: list[tuple[_Call, _Call]] = []
    used_m: set[int] = set()
    used_n: set[int] = set()
    for score, m, n in sorted(scored, key=lambda found: (-found[0], found[1], found[2])):
        if score >= _ALIKE and m not in used_m and n not in used_n:
            used_m.add(m)
            used_n.add(n)
            pairs.append((missing[m], new[n]))
    return pairs


def _likeness(one: _Call, other: _Call) -> float:
    if one.title == other.title:
        return 1.5
    alike = SequenceMatcher(None, one.title[:_LONGEST], other.title[:_LONGEST]).ratio()
    return alike + (0.1 if one.interaction.path == other.interaction.path else 0.0)


def _change(one: _Call, other: _Call) -> str:
    differences = one.protocol.differences(one.request, other.request)
    told = differences[:_TOLD]
    more = f" (and {len(differences) - _TOLD} more)" if len(differences) > _TOLD else ""
    return f"{one.title}: {'; '.join(told) or 'at another place'}{more}"


def _counted(calls: list[_Call]) -> list[str]:
    titles: dict[tuple[str, str], str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for call in calls:
        titles.setdefault(call.key, call.title)
        counts[call.key] += 1
    return [
        titles[key] if count == 1 else f"{titles[key]} ({count} times)"
        for key, count in counts.items()
    ]
