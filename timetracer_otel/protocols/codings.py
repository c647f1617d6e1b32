"""Content codings: undone to be read, done again to be served."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

__all__ = ["code", "codings_of", "decode_codings"]


_LIMIT = 64 * 1024 * 1024
"""A few bytes may unfold to gigabytes: beyond this a body stays coded."""

_PIECE = 4096

_HEADER = b"content-encoding"


class _Coding(NamedTuple):
    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]


def _unfold(data: bytes, feed: Callable[[bytes], bytes]) -> bytes:
    """In small pieces, so that a bomb is noticed before it has gone off."""
    parts, size = [], 0
    for at in range(0, len(data), _PIECE):
        part = feed(data[at : at + _PIECE])
        size += len(part)
        if size > _LIMIT:
            raise ValueError(f"unfolds to more than {_LIMIT:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _inflate(data: bytes, wbits: int) -> bytes:
    """Undone as far as it goes; gzip may have several members, one after another."""
    decompressor = zlib.decompressobj(wbits)

    def feed(piece: bytes) -> bytes:
        nonlocal decompressor
        done = decompressor.decompress(piece)
        while decompressor.unused_data and wbits > zlib.MAX_WBITS:
            rest = decompressor.unused_data
            decompressor = zlib.decompressobj(wbits)
            done += decompressor.decompress(rest)
        return done

    return _unfold(data, feed) + decompressor.flush()


def _deflate_decode(data: bytes) -> bytes:
    """With zlib's header as the RFC says, or without as some servers send."""
    try:
        return _inflate(data, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate(data, -zlib.MAX_WBITS)


def _brotli() -> _Coding:
    try:
        brotli = import_module("brotli")
    except ImportError:
        brotli = import_module("brotlicffi")
    # the default quality takes a second a megabyte
    return _Coding(lambda data: brotli.compress(data, quality=5), _brotli_decode(brotli))


def _brotli_decode(brotli: Any) -> Callable[[bytes], bytes]:
    def decode(data: bytes) -> bytes:
        decompressor = brotli.Decompressor()
        feed = getattr(decompressor, "process", None) or decompressor.decompress
        return _unfold(data, feed)

    return decode


def _zstd() -> _Coding:
    try:
        zstd = import_module("compression.zstd")
    except ImportError:
        zstandard = import_module("zstandard")
        return _Coding(
            zstandard.ZstdCompressor().compress,
            lambda data: _zstd_decode(data, lambda: zstandard.ZstdDecompressor().decompressobj()),
        )
    return _Coding(zstd.compress, lambda data: _zstd_decode(data, zstd.ZstdDecompressor))


def _zstd_decode(data: bytes, new: Callable[[], Any]) -> bytes:
    decompressor = new()

    def feed(piece: bytes) -> bytes:
        nonlocal decompressor
        done = b""
        while piece:
            if decompressor.eof:
                decompressor = new()
            done += decompressor.decompress(piece)
            piece = decompressor.unused_data if decompressor.eof else b""
        return done

    return _unfold(data, feed)


_GZIP = _Coding(
    lambda data: gzip.compress(data, 9, mtime=0), lambda data: _inflate(data, zlib.MAX_WBITS | 16)
)
_KNOWN: dict[str, Callable[[], _Coding]] = {
    "gzip": lambda: _GZIP,
    "x-gzip": lambda: _GZIP,
    "deflate": lambda: _Coding(zlib.compress, _deflate_decode),
    "br": _brotli,
    "zstd": _zstd,
}


def codings_of(headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """The names in ``Content-Encoding``, innermost first; ``identity`` is none."""
    found = []
    for name, value in headers:
        if len(name) == len(_HEADER) and name.lower() == _HEADER:
            found += [coding.strip().lower() for coding in value.decode("latin-1").split(",")]
    return [coding for coding in found if coding not in ("", "identity")]


def decode_codings(data: bytes, codings: Sequence[str]) -> bytes | None:
    """`data` without its codings; None where one is unknown, broken, or unfolds to too much.

    Data that breaks off in the middle is undone as far as it goes.
    """
    for coding in reversed(codings):
        known = _named(coding)
        if known is None:
            return None
        try:
            data = known.decode(data)
        except Exception:  # noqa: BLE001 - each coding's library has errors of its own
            return None
    return data


def code(data: bytes, codings: Sequence[str]) -> bytes | None:
    """`data` coded again; None where a coder is missing."""
    for coding in codings:
        known = _named(coding)
        if known is None:
            return None
        data = known.encode(data)
    return data


def _named(coding: str) -> _Coding | None:
    """A coder may need a library that is not installed here."""
    try:
        return _KNOWN[coding]()
    except (KeyError, ImportError):
        return None
