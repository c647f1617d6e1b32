"""Redaction as the settings ask for it, loaded where it runs: on the worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from timetracer_otel.settings import Settings

if TYPE_CHECKING:
    from timetracer_otel.cassette import Cassette

__all__ = ["Redacting", "unsealed"]


class Redacting:
    """Cassette to cassette, by the settings alone: it can be made in any process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _redact(self) -> Callable[[Cassette], Cassette]:
        # a hundred patterns and their libraries: nothing that an application waits for
        from timetracer_otel.keys import keys_in_force
        from timetracer_otel.redaction.cassettes import Redactor
        from timetracer_otel.redaction.policy import policy_of

        key = keys_in_force(self._settings.keys).current()
        return Redactor(policy_of(self._settings), key, seal=self._settings.seal).redact

    def __call__(self, cassette: Cassette) -> Cassette:
        return self._redact(cassette) if self._settings.redaction == "on" else cassette


def unsealed(cassette: Cassette) -> Cassette:
    """A sealed cassette as it was recorded. Raises `KeyMissing`, `InvalidCassette`."""
    from timetracer_otel.keys import keys_in_force
    from timetracer_otel.redaction.sealing import restored

    return restored(cassette, keys_in_force().named(cassette.redaction.key_id))
