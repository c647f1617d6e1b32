"""What an application sees of a replayed exchange is what it saw of the live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance import Runs
from tests.wire import boto3_cases, requests_cases, stdlib_cases, urllib3_cases
from tests.wire.caller import CASES

assert all((boto3_cases, requests_cases, stdlib_cases, urllib3_cases))  # they enter their cases

NEVER_THE_SAME = {("requests", "threads_that_ask_the_same")}
"""Threads reach the server as they like: two live runs differ by themselves."""

UNATTAINABLE: dict[tuple[str, str], str] = {}


def _parameters() -> list[Any]:
    found = []
    for kind, cases in sorted(CASES.items()):
        for name in cases:
            reason = UNATTAINABLE.get((kind, name))
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            marks.append(pytest.mark.xdist_group(f"wire {kind}"))
            found.append(pytest.param(kind, name, id=f"{kind}-{name}", marks=marks))
    return found


@pytest.mark.parametrize(("kind", "name"), _parameters())
def test_replayed_as_recorded(runs_of: Callable[[str], Runs], kind: str, name: str) -> None:
    """Attribute by attribute, errors and their causes included."""
    runs = runs_of(kind)
    assert runs.replayed[name] == runs.recorded[name]


@pytest.mark.parametrize(("kind", "name"), _parameters())
def test_recorded_as_without_recording(
    runs_of: Callable[[str], Runs], kind: str, name: str
) -> None:
    """A recording changes nothing that an application can see."""
    if (kind, name) in NEVER_THE_SAME:
        pytest.skip("two live runs differ by themselves")
    runs = runs_of(kind)
    assert runs.recorded[name] == runs.bare[name]


@pytest.mark.parametrize("kind", sorted(CASES))
def test_every_call_has_its_answer_and_nothing_of_ours_fails(
    runs_of: Callable[[str], Runs], kind: str
) -> None:
    runs = runs_of(kind)
    assert runs.recorded["faults of ours"] == runs.replayed["faults of ours"] == {}
    assert not any(runs.replayed["beside answers"].values())
