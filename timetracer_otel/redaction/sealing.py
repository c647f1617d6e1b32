"""What redaction takes out, kept for whoever has the key; and put back."""

from __future__ import annotations

import base64
import binascii
import hmac
import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec

from timetracer_otel.cassette import Cassette, Sealed
from timetracer_otel.errors import InvalidCassette
from timetracer_otel.keys import Key

__all__ = ["Change", "changes_between", "differing", "is_sealed", "opened", "restored", "sealed"]

Change = tuple[list[str | int], Any, int]
"""Where something was hidden, what it was, and a checksum of what stands there instead."""

_NONCE = 12
_MAX_BYTES = 256 * 1024 * 1024
_PACKED = msgspec.msgpack.Encoder()
_CHANGES = msgspec.msgpack.Decoder(list[tuple[list[str | int], Any, int]])


def changes_between(before: Any, after: Any, path: tuple[str | int, ...] = ()) -> list[Change]:
    """Each leaf of `before` that is another one in `after`, which was made from it.

    What is the same is the same object: that is how little there is to compare.
    """
    return [
        (list(place), msgspec.to_builtins(one), _sum(msgspec.to_builtins(other)))
        for place, one, other in differing(before, after, path)
    ]


def differing(
    before: Any, after: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """The leaves that differ, each with its path, as it was and as it is."""
    if before is after:
        return
    if isinstance(before, msgspec.Struct) and type(before) is type(after):
        for name in before.__struct_fields__:
            yield from differing(getattr(before, name), getattr(after, name), (*path, name))
    elif isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for name, value in before.items():
            yield from differing(value, after[name], (*path, name))
    elif (
        isinstance(before, list | tuple)
        and isinstance(after, list | tuple)
        and len(before) == len(after)
    ):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differing(one, other, (*path, number))
    elif before != after or type(before) is not type(after):
        yield path, before, after


def _sum(value: Any) -> int:
    return zlib.crc32(_PACKED.encode(value))


def sealed(changes: list[Change], key: Key, about: str) -> str:
    """The changes, encrypted; `about` says what they belong to, and opens nothing else."""
    packed = zlib.compress(_PACKED.encode(changes), 6)
    # made from the content: two recordings of the same are the same file, and no nonce comes twice
    # with different contents
    nonce = hmac.digest(key.derived("seal nonce"), about.encode() + b"\0" + packed, "sha256")[
        :_NONCE
    ]
    data = nonce + _cipher(key).encrypt(nonce, packed, about.encode())
    return base64.b64encode(data).decode("ascii")


def opened(text: str, key: Key, about: str) -> list[Change]:
    """The changes again. Raises `InvalidCassette` for what was not sealed so."""
    try:
        data = base64.b64decode(text, validate=True)
        packed = _cipher(key).decrypt(data[:_NONCE], data[_NONCE:], about.encode())
        machine = zlib.decompressobj()
        return _CHANGES.decode(machine.decompress(packed, _MAX_BYTES))
    except (binascii.Error, ValueError, zlib.error, msgspec.DecodeError, _refusal()) as error:
        reason = f"what was hidden cannot be opened with its key: {type(error).__name__}"
        raise InvalidCassette(file=about, path="$.redaction.sealed", reason=reason) from None


def _cipher(key: Key) -> Any:
    # imported with the first value that is hidden: an application may record for a day without
    return import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM(key.derived("seal"))


def _refusal() -> type[Exception]:
    found: type[Exception] = import_module("cryptography.exceptions").InvalidTag
    return found


def about_trace(cassette: Cassette) -> str:
    """What the seals of a trace belong to."""
    return f"timetracer {cassette.trace_id} {cassette.root_span_id}"


ABOUT_BOOTSTRAP = "timetracer bootstrap"
"""What the seal of a bootstrap belongs to: many cassettes carry one."""


def restored(cassette: Cassette, key: Key) -> Cassette:
    """The cassette as it was before anything in it was hidden; what was edited since stays.

    Raises `InvalidCassette` where a seal was not made with this key for this cassette.
    """
    document = msgspec.to_builtins(cassette)
    for one in cassette.redaction.sealed:
        for path, value, checksum in opened(one.data, key, about_trace(cassette)):
            _put_back(document, _moved(path, one), value, checksum)
    if cassette.redaction.sealed_bootstrap:
        changes = opened(cassette.redaction.sealed_bootstrap, key, ABOUT_BOOTSTRAP)
        for path, value, checksum in changes:
            _put_back(document, path, value, checksum)
    document.pop("redaction", None)
    return msgspec.convert(document, Cassette)


def is_sealed(cassette: Cassette) -> bool:
    """Whether something in the cassette can be restored by whoever has its key."""
    return bool(cassette.redaction.sealed or cassette.redaction.sealed_bootstrap)


def _moved(path: list[str | int], one: Sealed) -> list[str | int]:
    shift = {"interactions": one.interactions, "draws": one.draws}.get(str(path[0]), 0)
    return [path[0], int(path[1]) + shift, *path[2:]] if shift else path


def _put_back(document: Any, path: list[str | int], value: Any, checksum: int) -> None:
    place: Any = document
    try:
        for step in path[:-1]:
            place = place[step]
        last: Any = path[-1]
        missing = isinstance(place, dict) and last not in place  # a default, which is left out
        if missing or _sum(place[last]) == checksum:
            place[last] = value
    except (LookupError, TypeError):
        return  # taken out by hand
