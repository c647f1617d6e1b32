"""What finished cassettes pass through on their way to where they are kept: built here alone."""

from __future__ import annotations

import logging
from typing import Protocol

from timetracer_otel.accounts import Tally
from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import TimetracerError
from timetracer_otel.exporters.files import FileStore
from timetracer_otel.redaction.applying import Redacting
from timetracer_otel.settings import Settings

__all__ = ["Store", "store_of"]

_LOG = logging.getLogger("timetracer_otel")


class Store(Protocol):
    """Takes finished cassettes one after the other; a fault of it is said, and not raised."""

    tally: Tally

    def write(self, cassette: Cassette, *, fragment: bool = False) -> None:
        """Keep `cassette`; a fragment joins the cassette that it continues."""

    def write_again(self, cassette: Cassette, *, fragment: bool) -> None:
        """The same, when it is not known whether another process has kept it already."""

    def has_kept(self, cassette: Cassette) -> bool:
        """Whether this very store has kept what `cassette` is a fragment of."""
        ...


class _Redacted:
    """A store that is given cassettes as they were recorded, and keeps them redacted."""

    def __init__(self, store: FileStore, settings: Settings) -> None:
        self._store = store
        self.tally = store.tally
        self._redacting = Redacting(settings)

    def write(self, cassette: Cassette, *, fragment: bool = False) -> None:
        redacted = self._redacted(cassette)
        if redacted is not None:
            self._store.write(redacted, fragment=fragment)

    def write_again(self, cassette: Cassette, *, fragment: bool) -> None:
        redacted = self._redacted(cassette)
        if redacted is not None:
            self._store.write_again(redacted, fragment=fragment)

    def has_kept(self, cassette: Cassette) -> bool:
        return self._store.has_kept(cassette)

    def _redacted(self, cassette: Cassette) -> Cassette | None:
        """None, counted and said, where it could not be made: nothing is written as it was."""
        try:
            return self._redacting(cassette)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is written as it was
            if not self.tally.lost["not redacted"]:
                _LOG.error(
                    "cassettes cannot be redacted, and are not written: %s (said once)",
                    error,
                    exc_info=None if isinstance(error, TimetracerError) else error,
                )
            self.tally.lost["not redacted"] += 1
            return None


def store_of(settings: Settings) -> Store:
    """The way to the disk that the settings ask for: the same in this process and beside it."""
    encrypting = None
    if settings.encryption == "on":
        from timetracer_otel.exporters.encrypting import Encrypting

        encrypting = Encrypting(settings)
    store = FileStore(settings.dir, compression=settings.compression, encrypting=encrypting)
    store.limit_disk(settings.max_disk_bytes, settings.disk_full)
    return store if settings.redaction == "off" else _Redacted(store, settings)
