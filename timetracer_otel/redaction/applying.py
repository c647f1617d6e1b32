"""Redaction as the settings ask for it, loaded where it runs: on the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from timetracer_otel.settings import Settings

if TYPE_CHECKING:
    from timetracer_otel.cassette import Cassette

__all__ = ["Redacting"]


class Redacting:
    """Cassette to cassette, by the settings alone: it can be made in any process."""

    def __init__(self, settings: Settings) -> None:
        self._redact: Callable[[Cassette], Cassette] | None = None
        if settings.redaction == "on":
            # a hundred patterns and their libraries: nothing that an application waits for
            from timetracer_otel.keys import keys_in_force
            from timetracer_otel.redaction.cassettes import Redactor
            from timetracer_otel.redaction.policy import policy_of

            key = keys_in_force(settings.keys).current()
            self._redact = Redactor(policy_of(settings), key, seal=settings.seal).redact

    def __call__(self, cassette: Cassette) -> Cassette:
        return cassette if self._redact is None else self._redact(cassette)
