"""Cassettes that were recorded under different orders of sets: each wants a process of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence

from timetracer_otel.hash_seed import is_left_to_chance
from timetracer_otel.replay.process import Named

__all__ = ["by_seed"]


def by_seed(
    named: Sequence[Named], *, randomness: bool = True
) -> list[tuple[int | None, list[Named]]]:
    """Cassettes by the hash seed of their recording, in the order of the first of each.

    Those without one go with the first group: any seed may be theirs. All are one group, without
    a seed, where none has one, where a user has set a seed for the replay, or wants no
    `randomness` as recorded.
    """
    known = dict.fromkeys(item.cassette.hash_seed for item in named)
    seeds = [seed for seed in known if seed is not None]
    if not seeds or not randomness or not is_left_to_chance(os.environ):
        return [(None, list(named))]
    groups: dict[int | None, list[Named]] = {seed: [] for seed in seeds}
    for item in named:
        seed = item.cassette.hash_seed
        groups[seeds[0] if seed is None else seed].append(item)
    return list(groups.items())
