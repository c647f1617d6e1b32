"""What an application sees of a replayed exchange is what it saw of the live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.http import program
from tests.http.caller import CASES, CLIENTS
from tests.http.conftest import TwoRuns

assert program  # its import enters the cases

UNATTAINABLE: dict[tuple[str, str], str] = {}


def _parameters() -> list[Any]:
    found = []
    for kind in CLIENTS:
        for name in CASES:
            reason = UNATTAINABLE.get((kind, name)) or UNATTAINABLE.get(("", name))
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            marks.append(pytest.mark.xdist_group(kind))
            found.append(pytest.param(kind, name, id=f"{kind}-{name}", marks=marks))
    return found


@pytest.mark.parametrize(("kind", "name"), _parameters())
def test_replayed_as_recorded(two_runs: Callable[[str], TwoRuns], kind: str, name: str) -> None:
    """Attribute by attribute, errors and their causes included."""
    runs = two_runs(kind)
    assert runs.replayed[name] == runs.recorded[name]
