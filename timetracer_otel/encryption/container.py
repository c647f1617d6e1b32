"""The container: JWE in its compact form, `A256GCMKW` with `A256GCM`. Pure but for randomness.

::

    header . wrapped data key . nonce . ciphertext . tag        each in base64url

The header is in the clear and authenticated (it is the associated data of the ciphertext): the
name of the key, which recording this is, and the fields that may be searched. Each file has a
data key of its own. Any JOSE library opens it with the key; that we make it ourselves, of
`cryptography`'s AES-GCM alone, is because they refuse what is larger than a token, and take
a tenth of a second to import.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

import msgspec

from timetracer_otel.errors import (
    CannotDecrypt,
    InvalidCassette,
    KeyMissing,
    KeyUnavailable,
)
from timetracer_otel.keys import WrappingKey

__all__ = [
    "SUFFIX",
    "Clear",
    "Header",
    "decrypted",
    "encrypted",
    "is_encrypted",
    "read_header",
]

SUFFIX = ".json.jwe"

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_MAX_HEADER = 64 * 1024
_BEGIN = b"eyJ"
"""``{"`` in base64url: no JSON begins so."""

Opener = Callable[[str, str], WrappingKey]
"""Name and wrapped form of a key to the key. Raises `KeyMissing`, `KeyUnavailable`."""


class Clear(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said in the clear. Which recording it is always; of the rest what was chosen.

    `wrapped` is the wrapping key as only its service can open it.
    """

    trace_id: str
    root_span_id: str = ""
    wrapped: str = ""
    recorded_at: str = ""
    method: str = ""
    route: str = ""
    status: int = 0
    duration_us: int | None = None
    service: str = ""
    error: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The protected header of a JWE; `iv` and `tag` are those of the data key's wrapping."""

    alg: Literal["A256GCMKW"]
    enc: Literal["A256GCM"]
    kid: str
    typ: Literal["timetracer"]
    cty: Literal["json"]
    zip: Literal["", "DEF"] = ""
    iv: str
    tag: str
    timetracer: Clear


_HEADER = msgspec.json.Decoder(Header)
_ENCODER = msgspec.json.Encoder()


def encrypted(content: bytes, key: WrappingKey, clear: Clear, *, packed: bool = False) -> bytes:
    """`content` as a JWE. Raises `KeyUnavailable` where `cryptography` is not installed."""
    cipher = _cipher(key.id)
    data_key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    wrapping_nonce = os.urandom(_NONCE_BYTES)
    wrapped, tag = _cut(cipher(key.secret).encrypt(wrapping_nonce, data_key, None))
    header = Header(
        alg="A256GCMKW",
        enc="A256GCM",
        kid=key.id,
        typ="timetracer",
        cty="json",
        zip="DEF" if packed else "",
        iv=_text(wrapping_nonce).decode(),
        tag=_text(tag).decode(),
        timetracer=msgspec.structs.replace(clear, wrapped=key.wrapped),
    )
    protected = _text(_ENCODER.encode(header))
    data = _deflated(content) if packed else content
    sealed, seal = _cut(cipher(data_key).encrypt(nonce, data, protected))
    return b".".join([protected, _text(wrapped), _text(nonce), _text(sealed), _text(seal)])


def is_encrypted(data: bytes) -> bool:
    """Whether a file's content is a JWE, by how it begins."""
    return data.startswith(_BEGIN)


def read_header(data: bytes, *, file: str) -> Header:
    """What is said in the clear: not to be trusted before the rest is opened.

    Raises `InvalidCassette`. The beginning of a file will do.
    """
    text, dot, _ = data[:_MAX_HEADER].partition(b".")
    if not dot:
        raise _broken(file, "no header of an encrypted cassette: it does not end")
    try:
        return _HEADER.decode(_bytes(text))
    except (ValueError, msgspec.DecodeError) as error:
        raise _broken(file, f"no header of an encrypted cassette: {error}") from None


def decrypted(data: bytes, opener: Opener, *, file: str, limit: int) -> tuple[Clear, bytes]:
    """What is in a JWE, `limit` bytes at most, whole and unchanged.

    Raises `CannotDecrypt` when its key is not to be had; `InvalidCassette` when the key is here
    and does not fit, or anything was changed or cut off.
    """
    header = read_header(data, file=file)
    try:
        key = opener(header.kid, header.timetracer.wrapped)
        cipher = _cipher(header.kid)
    except (KeyMissing, KeyUnavailable) as error:
        reason = _reason(error)
        raise CannotDecrypt(file=file, key_id=header.kid, reason=reason) from None
    refusal = import_module("cryptography.exceptions").InvalidTag
    try:
        protected, *rest = data.split(b".")
        wrapped, nonce, sealed, seal = (_bytes(part) for part in rest)
        _check(nonce, _bytes(header.iv.encode()), seal, _bytes(header.tag.encode()))
    except ValueError as error:
        raise _broken(file, f"it was changed or cut off: {error}") from None
    try:
        data_key = cipher(key.secret).decrypt(
            _bytes(header.iv.encode()), wrapped + _bytes(header.tag.encode()), None
        )
        content = cipher(data_key).decrypt(nonce, sealed + seal, protected)
    except (refusal, ValueError):
        reason = f"it was changed or cut off, or the key {header.kid} is another one by now"
        raise _broken(file, reason) from None
    return header.timetracer, _inflated(content, limit, file) if header.zip else content


def _reason(error: KeyMissing | KeyUnavailable) -> str:
    if isinstance(error, KeyMissing):
        return f"that is not in {error.where}; the setting `keys` says where keys are"
    return f"{error.where} does not give it: {error.reason}"


def _check(nonce: bytes, wrapping_nonce: bytes, seal: bytes, tag: bytes) -> None:
    """AES-GCM takes nonces of any length, and shorter tags are weaker ones."""
    if (len(nonce), len(wrapping_nonce)) != (_NONCE_BYTES, _NONCE_BYTES):
        raise ValueError("a nonce has 12 bytes")
    if (len(seal), len(tag)) != (_TAG_BYTES, _TAG_BYTES):
        raise ValueError("a tag has 16 bytes")


def _cipher(key_id: str) -> Any:
    # imported with the first cassette, on the worker: nothing that an application waits for
    try:
        return import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM
    except ImportError:
        reason = "encryption takes `pip install timetracer-otel[encryption]`"
        raise KeyUnavailable(where=key_id, reason=reason) from None


def _cut(sealed: bytes) -> tuple[bytes, bytes]:
    return sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]


def _text(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    """The only spelling of these bytes. Raises ValueError for any other."""
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError("not base64url") from None
    if _text(data) != text:  # letters that are passed over, bits that say nothing
        raise ValueError("not base64url")
    return data


def _deflated(content: bytes) -> bytes:
    machine = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return machine.compress(content) + machine.flush()


def _inflated(data: bytes, limit: int, file: str) -> bytes:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = machine.decompress(data, limit + 1)
    except zlib.error as error:
        raise _broken(file, f"what was compressed is broken: {error}") from None
    if len(content) <= limit and not machine.eof:
        raise _broken(file, "what was compressed does not end")
    return content


def _broken(file: str, reason: str) -> InvalidCassette:
    return InvalidCassette(file=file, path="$", reason=reason)
