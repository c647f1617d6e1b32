"""What an application sees of a replayed call to Redis is what it saw of the live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance import Runs
from tests.redis_client import commands, connections, flows
from tests.redis_client.caller import CASES, KINDS, KINDS_OF_HIREDIS

assert all((commands, connections, flows))  # they enter their cases

UNATTAINABLE: dict[tuple[str, str], str] = {}


def _parameters() -> list[Any]:
    found = []
    for kinds in (KINDS, KINDS_OF_HIREDIS):
        for kind in kinds:
            for name in CASES:
                reason = UNATTAINABLE.get((kind, name)) or UNATTAINABLE.get(("", name))
                marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
                marks.append(pytest.mark.xdist_group("redis_client"))
                found.append(pytest.param(kinds, kind, name, id=f"{kind}-{name}", marks=marks))
    return found


@pytest.mark.parametrize(("kinds", "kind", "name"), _parameters())
def test_replayed_as_recorded(
    two_runs: Callable[[tuple[str, ...]], Runs], kinds: tuple[str, ...], kind: str, name: str
) -> None:
    """Values, types, errors and their attributes."""
    runs = two_runs(kinds)
    assert runs.replayed[kind][name] == runs.recorded[kind][name]
