"""What a replay found: the difference of two cassettes, and what the session saw. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from timetracer_otel.cassette import Cassette
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.bodies import content_bytes
from timetracer_otel.protocols.differences import named_differences, shortened
from timetracer_otel.protocols.http_parts import BodyPart, HttpInteraction, HttpResponse
from timetracer_otel.replay.calls import Calls, compare_calls
from timetracer_otel.replay.reporting import Run

__all__ = ["EXIT_CODES", "Result", "Verdict", "cannot", "judge", "outcome_differences"]

Result = Literal["same", "different", "cannot"]

EXIT_CODES: dict[Result, int] = {"same": 0, "different": 1, "cannot": 2}


@dataclass
class Verdict:
    """The outcome of one cassette's replay.

    `response` lists differences as ``$.body.total: recorded 1, replayed 2``; `missing` are
    calls that were recorded and not made, `changed` those that were made with another field,
    `unexpected` calls that nothing answered or that were made more often, `blocked` what was
    stopped on its way out, `notes` what is good to know and no difference: loose matches,
    assumed commits, draws that were really random. `answered` is what the client got, where
    that was not this process.
    """

    name: str
    title: str
    result: Result
    reason: str = ""
    response: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    calls: int = 0
    recorded_us: int = 0
    replayed_us: int = 0
    answered: HttpResponse | None = None

    @property
    def differences(self) -> list[str]:
        """All that makes it different, in the order of telling."""
        calls = [*self.missing, *self.changed, *self.unexpected]
        return [*self.response, *calls, *self.blocked]

    @property
    def exit_code(self) -> int:
        """0 same, 1 different, 2 cannot replay."""
        return EXIT_CODES[self.result]


def cannot(name: str, title: str, reason: str) -> Verdict:
    """A replay that did not come to an answer."""
    return Verdict(name, title, "cannot", reason=reason)


def judge(recorded: Cassette, run: Run, answered: HttpResponse | None) -> Verdict:
    """Compare the recording with its replay.

    `answered` is what the client got, where that was not this process.
    """
    entry = recorded.entry
    replayed = run.replayed.entry
    title = entry.title if entry is not None else recorded.trace_id
    verdict = Verdict(run.name, title, "same", calls=len(run.replayed.interactions))
    verdict.recorded_us, verdict.replayed_us = recorded.duration_us, run.replayed.duration_us
    verdict.answered = answered
    if isinstance(entry, HttpInteraction) and isinstance(replayed, HttpInteraction):
        verdict.response = outcome_differences(entry, replayed, answered)
    calls = compare_calls(recorded.interactions, run.replayed.interactions, run.assumed)
    verdict.missing, verdict.changed = calls.missing, calls.changed
    repeated = [f"{title}: repeated" for title in calls.repeated]
    verdict.unexpected = _misses(run, calls) + repeated
    verdict.blocked = list(run.blocked)
    verdict.notes = _notes(run)
    if verdict.differences:
        verdict.result = "different"
        verdict.notes += _other_order(recorded, run.replayed)
    return verdict


def _misses(run: Run, calls: Calls) -> list[str]:
    """What nothing answered, but for what is a change of a call or a repetition of one."""
    told = Counter(calls.unanswered)
    found = []
    for miss in run.misses:
        if told[miss["asked"]]:
            told[miss["asked"]] -= 1
        else:
            found.append(_miss(miss))
    return found


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
    return notes + [f"outside of any request: {text}" for text in run.outside]


def _other_order(recorded: Cassette, replayed: Cassette) -> list[str]:
    """What may be why an answer differs; the same answer does not depend on it."""
    seed = recorded.hash_seed
    if seed is None or seed == replayed.hash_seed:
        return []
    return [f"sets had an order of their own, not that of the recorded PYTHONHASHSEED={seed}"]


def outcome_differences(
    entry: HttpInteraction, replayed: HttpInteraction, answered: HttpResponse | None
) -> list[str]:
    """How the application's answer differs from the recorded one, each by its JSON path."""
    before, after = entry.response, replayed.response
    if before is None or after is None:
        first, second = _outcome(entry), _outcome(replayed)
        return [] if first == second else [f"$: recorded {first}, replayed {second}"]
    found = _replayed(named_differences(before.status, after.status, root="$.status"))
    found += _replayed(named_differences(_headers(before), _headers(after), root="$.headers"))
    found += _raised_differences(entry, replayed)
    if entry.raised is not None:  # how much the server had sent by then is the server's affair
        answered = None
    if answered is not None:  # what went over the wire, not what the application sent
        found += _replayed(named_differences(before.status, answered.status, root="$.status"))
    if answered is not None and _has_body(entry, before):
        after = answered
    stops = before.body is not None and before.body.state in _BROKEN_OFF
    bodies = _beginning_differences if stops else _body_differences
    return list(dict.fromkeys(found + bodies(before.body, after.body)))


_BROKEN_OFF = ("aborted", "open")
_BODILESS = frozenset({204, 304})
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")


def _has_body(entry: HttpInteraction, response: HttpResponse) -> bool:
    """Whether a body goes over the wire: an application may make one that its server drops."""
    return entry.request.method != "HEAD" and response.status not in _BODILESS


def _outcome(entry: HttpInteraction) -> str:
    if entry.response is not None:
        return f"a response of status {entry.response.status}"
    return _error(entry.error) if entry.error is not None else "no outcome"


def _error(error: RecordedError) -> str:
    """Type and arguments, without the addresses of objects."""
    args = ", ".join(shortened(argument) for argument in error.args)
    return _ADDRESS.sub("0x…", f"{error.type}({args})")


def _raised_differences(entry: HttpInteraction, replayed: HttpInteraction) -> list[str]:
    """What the application raised besides answering; whoever leaves early may see it raised."""
    body = entry.response.body if entry.response is not None else None
    if body is not None and body.state in _BROKEN_OFF and entry.raised is None:
        return []
    one = _error(entry.raised) if entry.raised is not None else "nothing"
    other = _error(replayed.raised) if replayed.raised is not None else "nothing"
    return [] if one == other else [f"$.raised: recorded {one}, replayed {other}"]


def _beginning_differences(before: BodyPart | None, after: BodyPart | None) -> list[str]:
    """Of a body that its client broke off, as much as that client saw."""
    one = content_bytes(before) if before is not None else b""
    other = content_bytes(after) if after is not None else b""
    if one.startswith(other) or other.startswith(one):
        return []  # how much had come by then is the network's affair
    return _body_differences(before, after)


def _replayed(found: list[str]) -> list[str]:
    return [text.replace(", asked ", ", replayed ") for text in found]


def _headers(response: HttpResponse) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in response.headers:
        name, _, value = line.partition(": ")
        # Django's cookies begin with a blank, which is lost on the wire
        name, value = name.lower(), value.strip()
        if name in _LISTS_OF_NAMES:
            value = ", ".join(sorted(item.strip() for item in value.split(",")))
        found.setdefault(name, []).append(value)
    return found


_LISTS_OF_NAMES = frozenset(
    {
        "allow",
        "vary",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-expose-headers",
    }
)
"""Their order says nothing (RFC 9110), and frameworks make them from sets, in any order."""


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
