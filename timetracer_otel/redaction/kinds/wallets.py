"""Addresses of Bitcoin wallets that stand for others: valid, so that they are known again."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

from timetracer_otel.redaction.pseudonyms import Noise

__all__ = ["wallet"]

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_TRIES = 200


def wallet(value: str, noise: Noise) -> str:
    """Of the same kind, length and witness version (BIP 13, BIP 173)."""
    return _bech32(value, noise) if value[:3].lower() == "bc1" else _base58(value, noise)


def _bech32(value: str, noise: Noise) -> str:
    rules: Any = import_module("stdnum.bitcoin")  # loaded: it has just found this one valid
    version, program = value[3].lower(), value[4:-6]
    data = [_BECH32.index(version), *(noise.byte() % 32 for _ in program)]
    data[-1] &= ~((1 << len(program) * 5 % 8) - 1)  # bits that belong to no byte are 0
    prefix = [3, 3, 0, 2, 3]  # "bc", as the checksum has it
    rest = rules.bech32_checksum([*prefix, *data, *[0] * 6]) ^ 1
    check = [rest >> 5 * place & 31 for place in reversed(range(6))]
    return "bc1" + "".join(_BECH32[each] for each in (*data, *check))


def _base58(value: str, noise: Noise) -> str:
    made = value
    for _ in range(_TRIES):  # most have one of two lengths
        bare = (b"\0" if value[0] == "1" else b"\5") + noise.bytes(20)
        check = hashlib.sha256(hashlib.sha256(bare).digest()).digest()[:4]
        made = _spelled(bare + check)
        if len(made) == len(value):
            break
    return made


def _spelled(data: bytes) -> str:
    number, letters = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        letters = _BASE58[rest] + letters
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + letters
