"""Redacted cassettes in a replay: opened with their key, matched and shown without it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

from msgspec.structs import replace

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import KeyMissing
from timetracer_otel.keys import keys_in_force
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpResponse
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.redaction.applying import unsealed
from timetracer_otel.redaction.cassettes import (
    Pseudonyms,
    Redactor,
    hidden_cassette,
    hidden_interaction,
    known_pseudonyms,
    request_line,
)
from timetracer_otel.redaction.hiding import Hider
from timetracer_otel.redaction.kinds import Kind
from timetracer_otel.redaction.policy import Policy, policy_of
from timetracer_otel.settings import Settings

__all__ = ["Judged", "Shown", "masked", "opened", "seen_through", "shown_by"]

Transform = Callable[[Any], Any]
"""A request to the request that is compared or shown in its place."""


def opened(cassette: Cassette) -> tuple[Cassette, str]:
    """The cassette as it was recorded, or as it is and why it could not be opened.

    The reason is empty for what was opened, and for what hides nothing.
    """
    redaction = cassette.redaction
    if redaction.policy == "none":
        return cassette, ""
    if not redaction.sealed and not redaction.sealed_bootstrap:
        if not redaction.pseudonyms:
            return replace(cassette, redaction=type(redaction)()), ""
        return cassette, "it does not hold what was hidden in it"
    try:
        return unsealed(cassette), ""
    except KeyMissing as error:
        return cassette, str(error)


def mask(_kind: Kind, _value: str) -> str:
    """What stands for every hidden value where values are not compared.

    The same for all kinds: a pseudonym of one may look like another.
    """
    return "<hidden>"


def _hiding(
    policy: Policy, line: str, stands_for: Callable[[Kind, str], str], known: dict[str, Kind] | None
) -> Callable[[Protocol, Any], Any]:
    """Requests of one protocol or another with `stands_for` in the place of what is hidden.

    What one hides by its name is looked for in it; and in all that come later, if they are to
    share what is `known`, which grows.
    """
    rules = policy.for_request(line)

    def hidden(protocol: Protocol, request: Any) -> Any:
        made: Any = protocol.interaction
        interaction = made(id=0, library="", title="", start_us=0, request=request)
        hider = Hider(rules, stands_for)
        hider.learned = known if known is not None else {}
        found = hidden_interaction(interaction, hider)
        if hider.learned:
            hider.look_for(hider.most_telling())
            found = hidden_interaction(interaction, hider)
        return found.request

    return hidden


class Shown:
    """How the calls of one cassette's replay are told, and compared where it stays redacted."""

    def __init__(self, policy: Policy, cassette: Cassette) -> None:
        self._policy = policy
        self._cassette = cassette

    # most replays tell nothing: keys are derived, and policies looked up, when one does

    @cached_property
    def _pseudonymised(self) -> Callable[[Protocol, Any], Any]:
        known = known_pseudonyms(self._cassette.redaction)
        pseudonyms = Pseudonyms(keys_in_force().current(), known)
        return _hiding(self._policy, request_line(self._cassette), pseudonyms, None)

    @cached_property
    def _masked(self) -> Callable[[Protocol, Any], Any]:
        line = request_line(self._cassette)
        hider = Hider(self._policy.for_request(line), mask)
        for interaction in self._cassette.interactions:
            hidden_interaction(interaction, hider)
        return _hiding(self._policy, line, mask, hider.learned)

    def request(self, protocol: Protocol, request: Any) -> Any:
        """The request as it may be shown."""
        return self._pseudonymised(protocol, request)

    def title(self, protocol: Protocol, request: Any) -> str:
        """Its line as it may be shown."""
        return protocol.title(self.request(protocol, request))

    def ways(self, protocol: Protocol) -> tuple[Protocol, ...]:
        """The protocol as it compares pseudonyms; and as it compares nothing that is hidden."""
        return (
            seen_through(protocol, lambda r: self._pseudonymised(protocol, r), "by pseudonyms"),
            seen_through(protocol, lambda r: self._masked(protocol, r), "masked"),
        )


def shown_by(settings: Settings, cassette: Cassette) -> Shown | None:
    """How a replay of `cassette` is told; None where nothing is to be hidden."""
    return Shown(policy_of(settings), cassette) if settings.redaction == "on" else None


def seen_through(protocol: Protocol, transform: Transform, name: str) -> Protocol:
    """`protocol` for which two requests are the same where what `transform` gives is."""
    return dataclasses.replace(
        protocol,
        name=f"{protocol.name} {name}",
        key=lambda request: protocol.key(transform(request)),
        loose_key=lambda request: protocol.loose_key(transform(request)),
        volatile_pairs=lambda one, other: protocol.volatile_pairs(transform(one), transform(other)),
    )


def masked(cassette: Cassette, policy: Policy) -> Cassette:
    """The cassette with one mask in the place of all that is hidden."""
    return hidden_cassette(cassette, policy.for_request(request_line(cassette)), mask)


class Judged:
    """A recording and its replay in the form that is compared: nothing hidden is shown by it."""

    def __init__(self, settings: Settings, recorded: Cassette, reason: str) -> None:
        self.reason = reason
        self._is_on = settings.redaction == "on"
        self._settings = settings
        self._recorded = recorded

    @cached_property
    def _redact(self) -> Callable[[Cassette], Cassette]:
        policy = policy_of(self._settings)
        if self.reason:
            return lambda cassette: masked(cassette, policy)
        return _redactor(policy).redact

    @cached_property
    def recorded(self) -> Cassette:
        """The recording, as it is compared."""
        return self._redact(self._recorded) if self._is_on else self._recorded

    def replayed(self, cassette: Cassette) -> Cassette:
        """A replay, which was redacted where it was recorded, as it is compared."""
        return self._redact(cassette) if self._is_on and self.reason else cassette

    def answered(self, response: HttpResponse | None) -> HttpResponse | None:
        """What a client got, as it is compared: what the recording hides is hidden in it."""
        entry = self._recorded.entry
        if response is None or not self._is_on or not isinstance(entry, HttpInteraction):
            return response
        beside = replace(entry, response=response, raised=None, error=None)
        whole = replace(self._recorded, interactions=[*self._recorded.interactions, beside])
        found = self._redact(whole).interactions[-1]
        return found.response  # type: ignore[return-value]  # it is what was put there


@lru_cache(maxsize=8)
def _redactor(policy: Policy) -> Redactor:
    return Redactor(policy, keys_in_force().current(), seal=False)
