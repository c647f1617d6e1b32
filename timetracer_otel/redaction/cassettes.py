"""A cassette without secrets and personal data, which still replays. Pure but for its caches."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from timetracer_otel.cassette import Cassette, Draws, Dropped, Interaction, Redaction, Sealed
from timetracer_otel.cassette.writing import Shared
from timetracer_otel.keys import Key
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.protocols.registry import protocol_of
from timetracer_otel.redaction.drawn import hidden_draws
from timetracer_otel.redaction.hiding import Hider, Replace
from timetracer_otel.redaction.kinds import Kind
from timetracer_otel.redaction.policy import POLICY_VERSION, Policy, Rules
from timetracer_otel.redaction.sealing import (
    ABOUT_BOOTSTRAP,
    about_trace,
    changes_between,
    sealed,
)

__all__ = [
    "Pseudonyms",
    "Redactor",
    "digest_of",
    "hidden_cassette",
    "hidden_interaction",
    "known_pseudonyms",
    "request_line",
]

_ENCODER = msgspec.json.Encoder()
_REMEMBERED = 20_000
_DIGEST = 6


def digest_of(pseudonym: str) -> bytes:
    """Six bytes by which a pseudonym is known again."""
    return hashlib.sha256(pseudonym.encode("utf-8", "surrogatepass")).digest()[:_DIGEST]


def known_pseudonyms(redaction: Redaction) -> frozenset[bytes]:
    """The digests of what stands for something else in a cassette."""
    try:
        data = base64.b64decode(redaction.pseudonyms)
    except ValueError:
        return frozenset()
    return frozenset(data[at : at + _DIGEST] for at in range(0, len(data), _DIGEST))


class Pseudonyms:
    """What stands for each value under one key. Values that are pseudonyms already stay.

    `given` are the digests of those that were given since it was last emptied.
    """

    def __init__(self, key: Key, known: frozenset[bytes] = frozenset()) -> None:
        self.secret = key.derived("pseudonyms")
        self.given: set[bytes] = set()
        self.hidden: set[str] = set()
        self._known = known
        self._made: dict[tuple[str, str], tuple[str, bytes]] = {}

    def __call__(self, kind: Kind, value: str) -> str:
        found = self._made.get((kind.name, value))
        if found is None:
            if self._known and digest_of(value) in self._known:
                return value
            if len(self._made) > _REMEMBERED:
                self._made.clear()
            pseudonym = kind.pseudonym(value, self.secret)
            found = self._made[kind.name, value] = (pseudonym, digest_of(pseudonym))
        self.given.add(found[1])
        self.hidden.add(value)
        return found[0]


def request_line(cassette: Cassette) -> str:
    """``POST /checkout``: what rules of single routes look at; empty where there is no entry."""
    entry = cassette.entry
    if not isinstance(entry, HttpInteraction):
        return ""
    path = entry.request.url.partition("://")[2].partition("/")[2].partition("?")[0]
    return f"{entry.request.method} /{path}"


def hidden_interaction(interaction: Any, hider: Hider) -> Any:
    """The interaction as it may be seen, titled by what can be seen of it."""
    protocol = protocol_of(interaction)
    made = protocol.hidden(interaction, hider)
    if made.request is not interaction.request:
        made = replace(made, title=protocol.title(made.request))
    return made


class Redactor:
    """Redacts cassettes by one policy with one key: the same value is the same in all of them."""

    def __init__(self, policy: Policy, key: Key, *, seal: bool = True) -> None:
        self._policy = policy
        self._key = key
        self._seal = seal and key.lasting
        self._pseudonyms = Pseudonyms(key)
        self._resource: tuple[Any, Any] = (None, None)

    def redact(self, cassette: Cassette) -> Cassette:
        """`cassette` with pseudonyms for what the policy hides; what was redacted already stays.

        Originals are sealed within it, unless the key does not last or nobody wants them.
        """
        known = known_pseudonyms(cassette.redaction)
        pseudonyms = Pseudonyms(self._key, known) if known else self._pseudonyms
        rules = self._policy.for_request(request_line(cassette))
        bootstrap, hidden_bootstrap = self._bootstrap(cassette, rules, pseudonyms)
        pseudonyms.given.clear()
        pseudonyms.hidden.clear()
        made = replace(hidden_cassette(cassette, rules, pseudonyms), bootstrap=bootstrap)
        made = replace(
            made,
            draws=self._draws(cassette, pseudonyms),
            dropped=[*cassette.dropped, *_removed(cassette, made)],
            resource=self._hidden_resource(cassette.resource, rules, pseudonyms),
        )
        return replace(
            made, redaction=self._redaction(cassette, made, pseudonyms, hidden_bootstrap)
        )

    def _redaction(
        self, before: Cassette, after: Cassette, pseudonyms: Pseudonyms, of_bootstrap: Redaction
    ) -> Redaction:
        old = before.redaction
        changes = changes_between(
            replace(before, bootstrap=[]), replace(after, bootstrap=[], redaction=old)
        )
        digests = b"".join(sorted(pseudonyms.given))
        found = Redaction(
            policy=self._policy.name,
            version=POLICY_VERSION,
            key_id=self._key.id if self._key.lasting else "",
            pseudonyms=old.pseudonyms
            + base64.b64encode(digests).decode()
            + of_bootstrap.pseudonyms,
            sealed=list(old.sealed),
            sealed_bootstrap=of_bootstrap.sealed_bootstrap,
        )
        if changes and self._seal and not old.sealed:
            data = sealed(changes, self._key, about_trace(before))
            found.sealed = [Sealed(data=data)]
        return found

    def _draws(self, cassette: Cassette, pseudonyms: Pseudonyms) -> list[Draws]:
        if not pseudonyms.hidden:
            return cassette.draws
        return hidden_draws(cassette.draws, pseudonyms.hidden, pseudonyms.secret)

    def _hidden_resource(
        self, resource: list[dict[str, Any]], rules: Rules, pseudonyms: Pseudonyms
    ) -> list[dict[str, Any]]:
        """A process has one resource, and it says how the process was started."""
        if self._resource[0] is not resource:
            hider = Hider(rules, pseudonyms)
            rules.finder.present = rules.finder.all
            self._resource = (resource, hider.value(resource))
        found: list[dict[str, Any]] = self._resource[1]
        return found

    def _bootstrap(
        self, cassette: Cassette, rules: Rules, pseudonyms: Pseudonyms
    ) -> tuple[list[Interaction], Redaction]:
        """The bootstrap of a process is redacted once, as it is written once."""
        before = cassette.bootstrap
        if not before:
            return before, Redaction()
        if isinstance(before, Shared) and before.hidden is not None:
            return before.hidden  # type: ignore[return-value]
        pseudonyms.given.clear()
        made, _ = _all_hidden(before, rules, pseudonyms)
        same = all(one is other for one, other in zip(made, before, strict=True))
        after: list[Any] = before if same else Shared(made)
        found = Redaction(pseudonyms=base64.b64encode(b"".join(sorted(pseudonyms.given))).decode())
        if not same and self._seal:
            changes = changes_between(list(before), list(after), ("bootstrap",))
            found.sealed_bootstrap = sealed(changes, self._key, ABOUT_BOOTSTRAP)
        if isinstance(before, Shared):
            before.hidden = (after, found)
        return after, found


def _removed(before: Cassette, after: Cassette) -> list[Dropped]:
    """Bytes that would still say what is hidden, and are in the cassette no more."""
    pairs = zip(_answers_in(before), _answers_in(after), strict=True)
    counts = {"raw": 0, "wire": 0}
    for one, other in pairs:
        if one is not other:
            counts["raw"] += bool(getattr(one, "raw", "")) and not getattr(other, "raw", "")
            counts["wire"] += "wire" in _extensions(one) and "wire" not in _extensions(other)
    what = {"raw": "bytes of MongoDB's replies", "wire": "framing of HTTP's bodies"}
    return [Dropped(what[name], "redacted", count) for name, count in counts.items() if count]


def _answers_in(cassette: Cassette) -> list[Any]:
    entries = [] if cassette.entry is None else [cassette.entry]
    return [each.response for each in (*entries, *cassette.answers, *cassette.interactions)]


def _extensions(response: Any) -> dict[str, Any]:
    return getattr(response, "extensions", None) or {}


def hidden_cassette(cassette: Cassette, rules: Rules, stands_for: Replace) -> Cassette:
    """The entry, the answers and the interactions, with `stands_for` in place of what is hidden."""
    entries: list[Any] = [] if cassette.entry is None else [cassette.entry]
    before: list[Any] = [*entries, *cassette.answers, *cassette.interactions]
    made, _ = _all_hidden(before, rules, stands_for)
    if all(one is other for one, other in zip(made, before, strict=True)):
        return cassette
    first = len(entries) + len(cassette.answers)
    return replace(
        cassette,
        entry=made[0] if entries else None,
        answers=made[len(entries) : first],
        interactions=made[first:],
    )


def _all_hidden(
    interactions: Sequence[Any], rules: Rules, stands_for: Replace
) -> tuple[list[Any], Hider]:
    """Twice where something was hidden by its name: it may stand elsewhere without one."""
    hider = Hider(rules, stands_for)
    data = [_ENCODER.encode((i.request, i.response, i.error)) for i in interactions]
    whole = b"".join(data)
    personal = [protocol_of(each).is_personal for each in interactions]
    if not any(personal) and rules.prefilter.nothing_in(whole):
        return list(interactions), hider
    text = whole.decode("utf-8")
    finder = rules.finder
    finder.look_at(text)
    made, inside = [], []
    for interaction, encoded, is_personal in zip(interactions, data, personal, strict=True):
        hider.went_inside = False
        looked_at = is_personal or getattr(interaction, "raised", None)
        quiet = not looked_at and rules.prefilter.nothing_in(encoded)
        made.append(interaction if quiet else hidden_interaction(interaction, hider))
        inside.append(hider.went_inside)
    if hider.learned:
        telling = {_spelled(value): value for value in hider.most_telling()}
        for number, interaction in enumerate(interactions):
            shown = _ENCODER.encode(made[number]).decode("utf-8")
            there = [value for spelled, value in telling.items() if spelled in shown]
            if there or inside[number]:
                hider.look_for(telling.values() if inside[number] else there)
                made[number] = hidden_interaction(interaction, hider)
    finder.present = finder.all
    return made, hider


def _spelled(value: str) -> str:
    return _ENCODER.encode(value).decode("utf-8")[1:-1]
