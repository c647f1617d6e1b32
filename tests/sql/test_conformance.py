"""What an application sees of a replayed database is what it saw of the live one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql import program
from tests.sql.bench import CASES, KINDS, has_case
from tests.sql.conftest import TwoRunsOf

assert program  # its import enters the cases

UNATTAINABLE: dict[tuple[str, str], str] = {}


def _parameters() -> list[Any]:
    found = []
    for kind in KINDS:
        for name in CASES:
            if not has_case(kind, name):
                continue
            reason = UNATTAINABLE.get((kind, name)) or UNATTAINABLE.get(("", name))
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            marks.append(pytest.mark.xdist_group(kind))
            found.append(pytest.param(kind, name, id=f"{kind}-{name}", marks=marks))
    return found


@pytest.mark.parametrize(("kind", "name"), _parameters())
def test_replayed_as_recorded(two_runs: TwoRunsOf, kind: str, name: str) -> None:
    """Value by value, errors, their attributes and their causes included."""
    runs = two_runs(kind)
    assert runs.recorded[name], "a case that saw nothing says nothing"
    assert runs.replayed[name] == runs.recorded[name]
