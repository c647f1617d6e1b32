"""Content codings: undone to be read, done again to be served."""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import Callable, Sequence

__all__ = ["code", "codings_of", "decode_codings"]

Transform = Callable[[bytes], bytes]


def _optional(module: str, name: str) -> Transform | None:
    """A coder of a library that the application may have installed; never required."""
    try:
        found: Transform = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return None
    return found


_DECODERS: dict[str, Transform | None] = {
    "gzip": gzip.decompress,
    "x-gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": _optional("brotli", "decompress"),
    "zstd": _optional("zstandard", "decompress"),
}
_ENCODERS: dict[str, Transform | None] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "x-gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "br": _optional("brotli", "compress"),
    "zstd": _optional("zstandard", "compress"),
}


def codings_of(headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """The names in ``Content-Encoding``, innermost first; ``identity`` is none."""
    found = []
    for name, value in headers:
        if name.lower() == b"content-encoding":
            found += [part.strip().lower() for part in value.decode("latin-1").split(",")]
    return [coding for coding in found if coding not in ("", "identity")]


def decode_codings(data: bytes, codings: Sequence[str]) -> bytes | None:
    """`data` without its codings; None where one is unknown or the data is broken."""
    for coding in reversed(codings):
        decoder = _DECODERS.get(coding)
        if decoder is None:
            return None
        try:
            data = decoder(data)
        except Exception:  # noqa: BLE001 - each coding's library has errors of its own
            return None
    return data


def code(data: bytes, codings: Sequence[str]) -> bytes | None:
    """`data` coded again; None where a coder is missing."""
    for coding in codings:
        encoder = _ENCODERS.get(coding)
        if encoder is None:
            return None
        data = encoder(data)
    return data
