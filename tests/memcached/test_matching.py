"""Keys that a run draws anew are the same call, loosely, and are named."""

from __future__ import annotations

import uuid

from timetracer_otel.protocols.memcached import MEMCACHED, MemcachedRequest


def _set(key: uuid.UUID, value: str) -> MemcachedRequest:
    return MemcachedRequest(sent=[f"set cart-{key} 0 60 {len(value)}\r\n", f"{value}\r\n"])


def test_a_key_that_is_drawn_anew_matches_loosely_with_its_pair() -> None:
    one, other = uuid.UUID(int=2**127 + 1), uuid.UUID(int=2**127 + 2)
    recorded, live = _set(one, "full"), _set(other, "full")
    assert MEMCACHED.key(recorded) != MEMCACHED.key(live)
    assert MEMCACHED.loose_key(recorded) == MEMCACHED.loose_key(live)
    assert MEMCACHED.volatile_pairs(recorded, live) == {str(one): str(other)}
    assert MEMCACHED.loose_key(_set(other, "bare")) != MEMCACHED.loose_key(recorded)
