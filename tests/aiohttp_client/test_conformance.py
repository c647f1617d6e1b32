"""What an application sees of a replayed exchange is what it saw of the live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.aiohttp_client import program
from tests.aiohttp_client.caller import CASES
from tests.aiohttp_client.conftest import KINDS
from tests.conformance import Runs

assert program  # its import enters the cases

UNATTAINABLE: dict[str, str] = {
    "a_websocket": "messages of a WebSocket are not recorded; the error in the replay says so",
}


def _parameters() -> list[Any]:
    found = []
    for kind in KINDS:
        for name in CASES:
            reason = UNATTAINABLE.get(name)
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            marks.append(pytest.mark.xdist_group(kind))
            found.append(pytest.param(kind, name, id=f"{kind}-{name}", marks=marks))
    return found


@pytest.mark.parametrize(("kind", "name"), _parameters())
def test_replayed_as_recorded(two_runs: Callable[[str], Runs], kind: str, name: str) -> None:
    """Attribute by attribute, errors and their causes included."""
    runs = two_runs(kind)
    assert runs.replayed[name] == runs.recorded[name]


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_ours(two_runs: Callable[[str], Runs], kind: str) -> None:
    """Nothing went wrong in the taps themselves."""
    runs = two_runs(kind)
    assert (runs.recorded["faults"], runs.replayed["faults"]) == ({}, {})
