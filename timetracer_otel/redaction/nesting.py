"""Texts within texts: JSON in a string, base64, hexadecimal digits, percent signs, gzip."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote_to_bytes

__all__ = ["inflated", "is_text", "requoted", "runs", "unquoted_tokens"]

_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}|(?:[0-9A-F]{2}){8,}")
_TOKEN = re.compile(r"[^\s\"'<>&?;,=#/|]+")
_UNREADABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_LIMIT = 16 * 1024 * 1024
_GZIP, _ZLIB = b"\x1f\x8b\x08", (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")

Spelled = Callable[[bytes], str]
"""Bytes in the spelling that they were found in."""


def is_text(data: bytes) -> bool:
    """Whether `data` is UTF-8 that somebody could have written."""
    try:
        return not _UNREADABLE.search(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def runs(text: str) -> Iterator[tuple[int, int, bytes, Spelled]]:
    """Stretches of `text` that spell text or compressed bytes, with what they spell."""
    for match in _RUN.finditer(text):
        run = match[0]
        if _HEX.fullmatch(run):
            data = bytes.fromhex(run)
            if is_text(data):
                yield *match.span(), data, bytes.hex if run == run.lower() else _upper_hex
                continue
        spelled = _unbase64(run)
        if spelled is not None and (is_text(spelled) or inflated(spelled) is not None):
            yield *match.span(), spelled, _speller(run)


def _upper_hex(data: bytes) -> str:
    return data.hex().upper()


def _unbase64(run: str) -> bytes | None:
    bare = run.rstrip("=")
    if len(bare) % 4 == 1:
        return None
    url_safe = "-" in bare or "_" in bare
    if url_safe and ("+" in bare or "/" in bare):
        return None
    try:
        data = bare + "=" * (-len(bare) % 4)
        return base64.b64decode(data, altchars=b"-_" if url_safe else None, validate=True)
    except (binascii.Error, ValueError):
        return None


def _speller(run: str) -> Spelled:
    url_safe = "-" in run or "_" in run
    padded = run.endswith("=") or len(run) % 4 == 0

    def spelled(data: bytes) -> str:
        made = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data).decode()
        return made if padded else made.rstrip("=")

    return spelled


def inflated(data: bytes) -> tuple[bytes, Callable[[bytes], bytes]] | None:
    """What `data` is the gzip or zlib of, and how to make it that again; None for other bytes."""
    if data[:3] == _GZIP:
        wbits, again = zlib.MAX_WBITS | 16, lambda b: gzip.compress(b, 9, mtime=0)
    elif data[:2] in _ZLIB:
        wbits, again = zlib.MAX_WBITS, zlib.compress
    else:
        return None
    machine = zlib.decompressobj(wbits)
    try:
        found = machine.decompress(data, _LIMIT)
    except zlib.error:
        return None
    return (found, again) if machine.eof and not machine.unused_data else None


def unquoted_tokens(text: str) -> Iterator[tuple[int, int, bytes]]:
    """Stretches with percent signs in them, and the bytes that they mean."""
    for match in _TOKEN.finditer(text):
        if "%" in match[0]:
            data = unquote_to_bytes(match[0])
            if len(data) < len(match[0].encode("utf-8", "replace")):
                yield *match.span(), data


def requoted(token: str, old: bytes, new: bytes) -> str:
    """`new` quoted where `old` was in `token`: what did not change is spelled as it was."""
    if len(old) != len(new):
        return quote(new, safe="")
    made, at = [], 0
    raw = token.encode("utf-8", "surrogateescape")
    for one, other in zip(old, new, strict=True):
        quoted = raw[at : at + 1] == b"%" and len(raw) - at > 2 and _is_hex(raw[at + 1 : at + 3])  # noqa: PLR2004
        size = 3 if quoted else 1
        if one == other:
            made.append(raw[at : at + size])
        else:
            made.append(b"%%%02X" % other if quoted else bytes((other,)))
        at += size
    return b"".join(made).decode("utf-8", "surrogateescape")


def _is_hex(two: bytes) -> bool:
    try:
        int(two, 16)
    except ValueError:
        return False
    return two.isalnum()
