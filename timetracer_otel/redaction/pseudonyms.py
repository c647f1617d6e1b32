"""Values that stand for others: of the same shape and length, always the same for one key.

A pseudonym is drawn from HMAC-SHA256 of the value, so that nobody without the key can guess it
and try. It has as many bytes of UTF-8 as the value: lengths that are announced elsewhere stay
right.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Callable

__all__ = ["Noise", "Shape", "alike", "date", "digits", "email", "of_bytes", "token"]


class Noise:
    """Bytes without end that depend on a key and a value alone."""

    __slots__ = ("_at", "_block", "_count", "_key", "_seed")

    def __init__(self, key: bytes, seed: bytes) -> None:
        self._key = key
        self._seed = seed
        self._count = 0
        self._block = b""
        self._at = 0

    def byte(self) -> int:
        """The next byte."""
        if self._at == len(self._block):
            counted = self._count.to_bytes(4, "big") + self._seed
            self._block = hmac.digest(self._key, counted, hashlib.sha256)
            self._count += 1
            self._at = 0
        self._at += 1
        return self._block[self._at - 1]

    def bytes(self, length: int) -> bytes:
        """The next bytes."""
        return bytes(self.byte() for _ in range(length))

    def about(self, value: str) -> Noise:
        """Noise that depends on the key and on `value`, not on this noise's own seed."""
        return Noise(self._key, value.encode("utf-8", "surrogatepass"))


Shape = Callable[[str, Noise], str]
"""Makes a value like the one it is given."""

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_BLOCK = 32
_TRIES = 40


def alike(value: str, noise: Noise) -> str:
    """Digits for digits, letters for letters of the same case and script; all else stays."""
    made = []
    begun = False
    for letter in value:
        if letter.isascii():
            if letter.islower():
                made.append(_LOWER[noise.byte() % 26])
            elif letter.isupper():
                made.append(_UPPER[noise.byte() % 26])
            elif letter.isdigit():
                least = 1 if letter != "0" and not begun else 0
                begun = True
                made.append(str(least + noise.byte() % (10 - least)))
            else:
                made.append(letter)
        else:
            made.append(_neighbour(letter, noise))
    return "".join(made)


def _neighbour(letter: str, noise: Noise) -> str:
    """Another letter of the same script, as long in UTF-8."""
    if not letter.isalpha():
        return letter
    start, size = ord(letter) - ord(letter) % _BLOCK, len(letter.encode("utf-8"))
    for _ in range(_TRIES):
        found = chr(start + noise.byte() % _BLOCK)
        if found.isalpha() and found.islower() == letter.islower():
            if len(found.encode("utf-8")) == size and found != letter:
                return found
    return letter


def digits(value: str, noise: Noise) -> str:
    """Other digits for digits, the first of them no zero where it was none; all else stays."""
    made = []
    begun = False
    for letter in value:
        if "0" <= letter <= "9":
            least = 1 if letter != "0" and not begun else 0
            begun = True
            made.append(str(least + noise.byte() % (10 - least)))
        else:
            made.append(letter)
    return "".join(made)


_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}|(?:[0-9A-F]{2}){8,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]{22,}={0,2}")


def token(value: str, noise: Noise) -> str:
    """`alike`; what spells bytes (hexadecimal, base64, a UUID) spells those of `of_bytes`.

    So bytes drawn at random and what an application made from them can be replaced together.
    """
    if _UUID.fullmatch(value):
        return _uuid(value, noise)
    if _HEX.fullmatch(value) and not value.isdigit():
        made = of_bytes(bytes.fromhex(value), noise).hex()
        return made if value == value.lower() else made.upper()
    if _URL_SAFE.fullmatch(value):
        data = _unspelled(value)
        if data is not None:
            made = base64.urlsafe_b64encode(of_bytes(data, noise)).decode()
            return made[: len(value)]
    return alike(value, noise)


def of_bytes(data: bytes, noise: Noise) -> bytes:
    """Other bytes for bytes: whatever way they are spelled."""
    return noise.about("bytes " + data.hex()).bytes(len(data))


def _unspelled(value: str) -> bytes | None:
    """The bytes that `value` is the base64 of, if exactly these are spelled so."""
    bare = value.rstrip("=")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    spelled = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return data if spelled == bare else None


def _uuid(value: str, noise: Noise) -> str:
    """With its version and variant."""
    data = bytearray.fromhex(value.replace("-", ""))
    version, variant = data[6] & 0xF0, data[8] & 0xC0
    data[6] &= 0x0F
    data[8] &= 0x3F
    made = bytearray(of_bytes(bytes(data), noise))
    made[6] = made[6] & 0x0F | version
    made[8] = made[8] & 0x3F | variant
    spelled = made.hex()
    spelled = spelled if value == value.lower() else spelled.upper()
    return "-".join((spelled[:8], spelled[8:12], spelled[12:16], spelled[16:20], spelled[20:]))


_DOMAINS = (".example", ".test")
"""Reserved by RFC 2606: no mail to such an address ever arrives."""


def email(value: str, noise: Noise) -> str:
    """Another local part, at a domain that cannot exist where there is room for its name.

    Letters of either case are one: what an application lowers it finds again.
    """
    local, at, domain = value.rpartition("@")
    if not at or not local or "." not in domain:
        return alike(value, noise)
    lowered = noise.about("local " + value.lower())
    made = _cased(alike(local.lower(), lowered), local)
    return f"{made}@{_domain(domain, noise)}"


def _cased(made: str, like: str) -> str:
    pairs = zip(made, like, strict=True)
    return "".join(one.upper() if other.isupper() else one for one, other in pairs)


def _domain(domain: str, noise: Noise) -> str:
    of_domain = noise.about("domain " + domain.lower())
    for end in _DOMAINS:
        if len(domain) > len(end):
            made = alike("x" * (len(domain) - len(end)), of_domain) + end
            return _cased(made, domain) if len(made) == len(domain) else made
    name, _, end = domain.rpartition(".")
    return f"{_cased(alike(name.lower(), of_domain), name)}.{end}"


_ISO = re.compile(r"(\d{4})([-/.]?)(\d\d)([-/.]?)(\d\d)(?!\d)(.*)", re.DOTALL)
_LAST = re.compile(r"(\d\d)([-/. ])(\d\d)([-/. ])(\d{4})(.*)", re.DOTALL)


def date(value: str, noise: Noise) -> str:
    """Another day within five years, spelled as the value is."""
    found = _ISO.fullmatch(value)
    if found:
        year, one, month, two, day, rest = found.groups()
        made = _other_day(year, month, day, noise)
        return f"{made:%Y}{one}{made:%m}{two}{made:%d}{rest}" if made else digits(value, noise)
    found = _LAST.fullmatch(value)
    if found:
        first, one, second, two, year, rest = found.groups()
        made = _other_day(year, "01", "01", noise)
        if made:  # either order of day and month: both are at most twelve
            return f"{1 + made.day % 12:02d}{one}{made:%m}{two}{made:%Y}{rest}"
    return alike(value, noise)


def _other_day(year: str, month: str, day: str, noise: Noise) -> dt.date | None:
    try:
        before = dt.date(int(year), int(month), int(day))
        shift = noise.byte() * 256 + noise.byte()
        made = before + dt.timedelta(days=1 + shift % 1826)
    except (ValueError, OverflowError):
        return None
    if made.year - before.year > 2:  # noqa: PLR2004 - as many later as earlier
        made = made.replace(year=made.year - 5, day=min(made.day, 28))
    return made
