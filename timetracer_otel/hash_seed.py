"""The seed of this process's hashes of strings: the order of its sets, if it can be had again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache

__all__ = ["HASH_SEED", "MAX_SEED", "chosen_seed", "is_left_to_chance", "seed_in_force"]

HASH_SEED = "PYTHONHASHSEED"
MAX_SEED = 2**32 - 1

_WORD = 2**64 - 1
_ROUNDS = {"siphash13": 1, "siphash24": 2}
_LAST_ROUNDS = {"siphash13": 3, "siphash24": 4}
_PROBE = b"probe"


def chosen_seed(environ: Mapping[str, str] = os.environ) -> int | None:
    """The seed that `environ` asks for; None for ``random``, which is what Python does anyway."""
    text = environ.get(HASH_SEED, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) <= MAX_SEED else None


def is_left_to_chance(environ: Mapping[str, str]) -> bool:
    """Whether nobody has asked for a seed: ``random`` asks for any."""
    return environ.get(HASH_SEED, "") in {"", "random"}


@cache
def seed_in_force() -> int | None:
    """The seed that Python hashes with here; None where there is none that could be set again.

    What the environment says is checked against a hash: it is not what counts under ``-R``, ``-E``
    and ``-I``, in a Python that another program embeds, and where somebody set it meanwhile.
    """
    seed = chosen_seed()
    algorithm = sys.hash_info.algorithm
    if seed is None or algorithm not in _ROUNDS or sys.hash_info.cutoff >= len(_PROBE):
        return None
    return seed if hash(_PROBE) == _siphash(_secret(seed), _PROBE, algorithm) else None


def _secret(seed: int) -> bytes:
    """What Python makes its hashes' key of (``lcg_urandom`` in its ``bootstrap_hash.c``)."""

    def numbers() -> Iterator[int]:
        state = seed
        while True:
            state = (state * 214013 + 2531011) & 0xFFFFFFFF
            yield state >> 16 & 0xFF

    return bytes(byte for byte, _ in zip(numbers(), range(16), strict=False)) if seed else bytes(16)


def _siphash(key: bytes, data: bytes, algorithm: str) -> int:
    """SipHash of less than eight bytes, as Python's `hash` gives it."""
    k0, k1 = (int.from_bytes(half, sys.byteorder) for half in (key[:8], key[8:]))
    block = len(data) << 56 | int.from_bytes(data, "little")
    state = (
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573 ^ block,
    )
    for _ in range(_ROUNDS[algorithm]):
        state = _round(*state)
    state = (state[0] ^ block, state[1], state[2] ^ 0xFF, state[3])
    for _ in range(_LAST_ROUNDS[algorithm]):
        state = _round(*state)
    found = state[0] ^ state[1] ^ state[2] ^ state[3]
    found = found - 2**64 if found >> 63 else found
    return -2 if found == -1 else found


def _round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0, v2 = (v0 + v1) & _WORD, (v2 + v3) & _WORD
    v1, v3 = _turned(v1, 13) ^ v0, _turned(v3, 16) ^ v2
    v2, v0 = (v2 + v1) & _WORD, (_turned(v0, 32) + v3) & _WORD
    v1, v3 = _turned(v1, 17) ^ v2, _turned(v3, 21) ^ v0
    return v0, v1, _turned(v2, 32), v3


def _turned(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _WORD
