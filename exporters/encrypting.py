"""A cassette's content on its way to the disk, encrypted; and what it says in the clear."""

from __future__ import annotations

from collections.abc import Collection

from timetracer_otel.cassette import Cassette
from timetracer_otel.encryption import SUFFIX, Clear, encrypted
from timetracer_otel.errors import KeyUnavailable, SettingsError, StoreError
from timetracer_otel.keys import KeyRing, keys_in_force
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.settings import Settings

__all__ = ["Encrypting", "clear_of"]


class Encrypting:
    """Content to encrypted content, by the settings alone: it can be made in any process."""

    suffix = SUFFIX

    def __init__(self, settings: Settings) -> None:
        self._sources = settings.keys
        self._fields = frozenset(settings.clear_fields)
        self._packed = settings.compression == "gzip"

    @property
    def keys(self) -> KeyRing:
        """Raises `StoreError` where the setting means nothing."""
        try:
            return keys_in_force(self._sources)
        except SettingsError as error:
            raise _unencrypted(error) from None

    def clear(self, cassette: Cassette) -> Clear:
        """What may be seen of `cassette`."""
        return clear_of(cassette, self._fields)

    def __call__(self, cassette: Cassette, content: bytes) -> bytes:
        """Raises `StoreError` when it cannot be encrypted: then nothing is to be written."""
        try:
            key = self.keys.wrapping_key()
            return encrypted(content, key, self.clear(cassette), packed=self._packed)
        except (KeyUnavailable, SettingsError) as error:
            raise _unencrypted(error) from None


def _unencrypted(error: Exception) -> StoreError:
    return StoreError(path="encryption", reason=str(error))


def clear_of(cassette: Cassette, fields: Collection[str]) -> Clear:
    """Which recording it is, and those of its `fields` that it has.

    A route is what the application calls one: a path without one may hold anything.
    """
    found: dict[str, object] = {"duration_us": cassette.duration_us}
    found["recorded_at"] = cassette.recorded_at if "time" in fields else ""
    entry = cassette.entry
    if isinstance(entry, HttpInteraction):
        found |= {"method": entry.request.method, "route": entry.request.route or ""}
        found["status"] = entry.response.status if entry.response is not None else 0
        failure = entry.error or entry.raised
        found["error"] = failure.type if failure is not None else ""
    resource = cassette.resource[0] if cassette.resource else {}
    found["service"] = str(resource.get("service.name", ""))
    shown = {"duration_us" if name == "duration" else name for name in fields} | {"recorded_at"}
    chosen = {name: value for name, value in found.items() if name in shown}
    return Clear(
        trace_id=cassette.trace_id,
        root_span_id=cassette.root_span_id,
        **chosen,  # type: ignore[arg-type]  # each is what its field takes
    )
