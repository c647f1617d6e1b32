"""Cassettes found and read in folders; writing them is the exporters' business."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from timetracer_otel.cassette.model import Cassette
from timetracer_otel.cassette.reading import MAX_CASSETTE_BYTES, read_cassette, read_hash_seed
from timetracer_otel.errors import InvalidCassette, StoreError

__all__ = ["find", "hash_seed_of", "read"]

_SUFFIXES = (".json", ".json.gz")


def find(folder: Path) -> list[Path]:
    """The cassette files below `folder`, by name. Raises `StoreError` when it is no folder."""
    if not folder.is_dir():
        raise StoreError(path=str(folder), reason="there is no such folder of cassettes")
    return sorted(path for path in folder.rglob("*") if _is_cassette_name(path))


def _is_cassette_name(path: Path) -> bool:
    return path.name.endswith(_SUFFIXES) and not path.name.startswith(".") and path.is_file()


def read(path: Path) -> Cassette:
    """The cassette in a file, plain or gzip. Raises `StoreError` or `CassetteError`."""
    return read_cassette(_content(path), file=str(path))


def hash_seed_of(path: Path) -> int | None:
    """The seed that a cassette says, read quickly; None where it says none, or is none itself."""
    try:
        return read_hash_seed(_content(path))
    except (InvalidCassette, StoreError):
        return None


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_CASSETTE_BYTES:
            reason = f"{path.stat().st_size:,} bytes, more than a cassette may have"
            raise InvalidCassette(file=str(path), path="$", reason=reason)
        with path.open("rb") as file:
            if path.name.endswith(".gz"):
                with gzip.open(file) as packed:
                    return packed.read(MAX_CASSETTE_BYTES + 1)
            return file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidCassette(file=str(path), path="$", reason=f"broken gzip: {error}") from None
    except OSError as error:
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from None
