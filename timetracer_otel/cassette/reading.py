"""Bytes to cassette: everything is checked, nothing is executed."""

from __future__ import annotations

import re

import msgspec

from timetracer_otel.cassette.model import FORMAT_VERSION, Cassette, HashSeed
from timetracer_otel.errors import InvalidCassette, UnsupportedVersion

__all__ = ["MAX_CASSETTE_BYTES", "read_cassette", "read_hash_seed"]

MAX_CASSETTE_BYTES = 64 * 1024 * 1024
"""A file beyond this, after decompression, is refused before it is parsed."""


class _Version(msgspec.Struct):
    timetracer: object = None


class _HashSeed(msgspec.Struct):
    hash_seed: HashSeed | None = None


_HASH_SEED = msgspec.json.Decoder(_HashSeed)
_VERSION = msgspec.json.Decoder(_Version)
_CASSETTE = msgspec.json.Decoder(Cassette)
_MAX_CONTAINERS = 3_000_000
"""Arrays and objects: in memory each takes twenty times what it takes in the file."""

_NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_DEEP = re.compile(rb"[\[{]{500}")
"""Nested deeper than anything that was recorded: from Python 3.12 on the decoder takes it."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z", re.ASCII)
_PATH = re.compile(r" - at `(?P<path>[^`]*)`$")


def read_cassette(data: bytes, *, file: str) -> Cassette:
    """Parse and check one cassette.

    Raises `InvalidCassette` with file, JSON path and reason, or `UnsupportedVersion`.
    """
    if len(data) > MAX_CASSETTE_BYTES:
        reason = f"{len(data):,} bytes, more than the {MAX_CASSETTE_BYTES:,} a cassette may have"
        raise InvalidCassette(file=file, path="$", reason=reason)
    if _has_too_many(data) and _has_too_many(_STRING.sub(b"", data)):
        reason = f"more than {_MAX_CONTAINERS:,} arrays and objects"
        raise InvalidCassette(file=file, path="$", reason=reason)
    if _is_deep(data) and _is_deep(_STRING.sub(b"", data)):
        raise InvalidCassette(file=file, path="$", reason="arrays and objects are nested too deep")
    try:
        version = _VERSION.decode(data).timetracer
        if type(version) is int and version > FORMAT_VERSION:
            raise UnsupportedVersion(file=file, version=version, supported=FORMAT_VERSION)
        if version != FORMAT_VERSION or type(version) is not int:
            reason = f"the format version must be {FORMAT_VERSION}, not {repr(version)[:80]}"
            raise InvalidCassette(file=file, path="$.timetracer", reason=reason)
        cassette = _CASSETTE.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _invalid(file, error) from None
    _check_moment(cassette, file)
    _check_outcomes(cassette, file)
    return cassette


def read_hash_seed(data: bytes) -> int | None:
    """The seed alone, quickly; None for what is no cassette: that is said when it is read."""
    if len(data) > MAX_CASSETTE_BYTES or (_is_deep(data) and _is_deep(_STRING.sub(b"", data))):
        return None
    try:
        return _HASH_SEED.decode(data).hash_seed
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _has_too_many(data: bytes) -> bool:
    return data.count(b"[") + data.count(b"{") > _MAX_CONTAINERS


def _is_deep(data: bytes) -> bool:
    return _DEEP.search(data.translate(None, _NO_BRACKETS)) is not None


def _invalid(file: str, error: Exception) -> InvalidCassette:
    text = str(error) or type(error).__name__
    found = _PATH.search(text)
    path = found["path"] if found else "$"
    return InvalidCassette(file=file, path=path, reason=text[: found.start()] if found else text)


def _check_moment(cassette: Cassette, file: str) -> None:
    try:
        is_moment = _MOMENT.fullmatch(cassette.recorded_at) and cassette.recorded_ns >= 0
    except ValueError:
        is_moment = False
    if not is_moment:
        reason = f"{cassette.recorded_at[:40]!r} is no UTC time such as 2026-01-31T12:00:00.0Z"
        raise InvalidCassette(file=file, path="$.recorded_at", reason=reason)


def _check_outcomes(cassette: Cassette, file: str) -> None:
    """An interaction has a response or an error, never both (law of the format)."""
    places = [("$.entry", cassette.entry)] if cassette.entry is not None else []
    for name in ("answers", "interactions", "bootstrap"):
        places += [(f"$.{name}[{n}]", found) for n, found in enumerate(getattr(cassette, name))]
    for path, interaction in places:
        if interaction.response is not None and interaction.error is not None:
            reason = "an interaction has a response or an error, not both"
            raise InvalidCassette(file=file, path=path, reason=reason)
