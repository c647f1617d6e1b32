"""What finished cassettes pass through on their way to where they are kept: built here alone."""

from __future__ import annotations

from typing import Protocol

from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import FileStore
from timetracer_otel.recording.accounts import Tally
from timetracer_otel.settings import Settings

__all__ = ["Store", "store_of"]


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


def store_of(settings: Settings) -> Store:
    """The way to the disk that the settings ask for: the same in this process and beside it."""
    store = FileStore(settings.dir, compression=settings.compression)
    store.limit_disk(settings.max_disk_bytes, settings.disk_full)
    return store
