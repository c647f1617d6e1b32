"""What a replay found: the difference of two cassettes, and what the session saw. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.protocols.bodies import content_bytes
from timetracer_otel.protocols.differences import named_differences
from timetracer_otel.protocols.http_parts import BodyPart, HttpInteraction, HttpResponse
from timetracer_otel.protocols.registry import protocol_named
from timetracer_otel.replay.reporting import Run

__all__ = ["EXIT_CODES", "Result", "Verdict", "cannot", "judge"]

Result = Literal["same", "different", "cannot"]

EXIT_CODES: dict[Result, int] = {"same": 0, "different": 1, "cannot": 2}

IGNORED_HEADERS = frozenset({"date", "server", "connection", "keep-alive"})
"""Headers that the server adds by itself, different from server to server and day to day."""


@dataclass
class Verdict:
    """The outcome of one cassette's replay.

    `response` lists differences as ``$.body.total: recorded 1, replayed 2``; `missing` are
    calls that were recorded and not made, `unexpected` calls that nothing answered or that
    were made more often, `notes` what is good to know and no difference: loose matches,
    assumed commits, draws that were really random.
    """

    name: str
    title: str
    result: Result
    reason: str = ""
    response: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    calls: int = 0
    recorded_us: int = 0
    replayed_us: int = 0

    @property
    def exit_code(self) -> int:
        """0 same, 1 different, 2 cannot replay."""
        return EXIT_CODES[self.result]


def cannot(name: str, title: str, reason: str) -> Verdict:
    """A replay that did not come to an answer."""
    return Verdict(name, title, "cannot", reason=reason)


def judge(recorded: Cassette, run: Run, answered: HttpResponse | None) -> Verdict:
    """Compare the recording with its replay; `answered` is what the client got, where it was
    not this process.
    """
    entry = recorded.entry
    replayed = run.replayed.entry
    title = entry.title if entry is not None else recorded.trace_id
    verdict = Verdict(run.name, title, "same", calls=len(run.replayed.interactions))
    verdict.recorded_us, verdict.replayed_us = recorded.duration_us, run.replayed.duration_us
    if isinstance(entry, HttpInteraction) and isinstance(replayed, HttpInteraction):
        verdict.response = _outcome_differences(entry, replayed, answered)
    verdict.missing, extra = _call_differences(recorded, run.replayed)
    verdict.unexpected = [_miss(miss) for miss in run.misses] + extra
    verdict.blocked = list(run.blocked)
    verdict.notes = _notes(run)
    if verdict.response or verdict.missing or verdict.unexpected or verdict.blocked:
        verdict.result = "different"
    return verdict


def _miss(miss: dict[str, str]) -> str:
    near = f" (nearest: {miss['nearest']}" if miss.get("nearest") else ""
    differs = f"; {miss['difference']}" if near and miss.get("difference") else ""
    return f"{miss['library']}: {miss['asked']}{near}{differs}{')' if near else ''}"


def _notes(run: Run) -> list[str]:
    notes = [f"matched loosely: {text}" for text in run.loose]
    notes += [f"assumed to succeed: {text}" for text in run.assumed]
    notes += [
        f"drawn anew, {count} time(s), with nothing recorded: {source}"
        for source, count in sorted(run.unrecorded_draws.items())
    ]
    return notes


def _outcome_differences(
    entry: HttpInteraction, replayed: HttpInteraction, answered: HttpResponse | None
) -> list[str]:
    before, after = entry.response, replayed.response
    if before is None or after is None:
        first = entry.error.type if entry.error else "a response" if before else "no outcome"
        second = replayed.error.type if replayed.error else "a response" if after else "no outcome"
        return [] if first == second else [f"$: recorded {first}, replayed {second}"]
    found = _replayed(named_differences(before.status, after.status, root="$.status"))
    found += _replayed(named_differences(_headers(before), _headers(after), root="$.headers"))
    if answered is not None:  # what went over the wire, not what the application sent
        found += _replayed(named_differences(before.status, answered.status, root="$.status"))
        after = answered
    return list(dict.fromkeys(found + _body_differences(before.body, after.body)))


def _replayed(found: list[str]) -> list[str]:
    return [text.replace(", asked ", ", replayed ") for text in found]


def _headers(response: HttpResponse) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in response.headers:
        name, _, value = line.partition(": ")
        if name.lower() not in IGNORED_HEADERS:
            found.setdefault(name.lower(), []).append(value)
    return found


def _body_differences(before: BodyPart | None, after: BodyPart | None) -> list[str]:
    one, other = before or BodyPart(), after or BodyPart()
    if one.truncated or other.truncated:
        same = (one.size, one.sha256) == (other.size, other.sha256)
        return [] if same else ["$.body: the bodies were cut, and differ in size or SHA-256"]
    if content_bytes(one) == content_bytes(other):
        return []
    if one.style and other.style:
        found = _replayed(named_differences(one.json, other.json, root="$.body"))
        return found or ["$.body: the same JSON, written differently"]
    return _replayed(named_differences(_shown(one), _shown(other), root="$.body")) or [
        "$.body: different bytes"
    ]


def _shown(part: BodyPart) -> str:
    return part.text or content_bytes(part).decode("utf-8", "backslashreplace")


def _call_differences(recorded: Cassette, replayed: Cassette) -> tuple[list[str], list[str]]:
    """Calls recorded and not made, and calls made more often than recorded."""
    titles: dict[str, str] = {}  # a literal drawn anew is in the title, too: the recorded one
    before = _calls(recorded.interactions, titles)
    after = _calls(replayed.interactions, titles)
    missing = [_titled(key, count) for key, count in (before - after).items()]
    answered = {key: count for key, count in (after - before).items() if key in before}
    return missing, [f"{_titled(key, count)}: repeated" for key, count in answered.items()]


def _calls(
    interactions: list[Interaction], titles: dict[str, str]
) -> Counter[tuple[str, str]]:
    """By protocol and loose key: literals drawn anew are the same call."""
    found: Counter[tuple[str, str]] = Counter()
    for interaction in interactions:
        protocol = protocol_named(str(interaction.__struct_config__.tag))
        key = protocol.loose_key(interaction.request)
        found[key, titles.setdefault(key, interaction.title)] += 1
    return found


def _titled(key: tuple[str, str], count: int) -> str:
    return key[1] if count == 1 else f"{key[1]} ({count} times)"
