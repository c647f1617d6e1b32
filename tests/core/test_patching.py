"""Patches are data; taking them back leaves the very objects that were there."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from timetracer_otel.patching import Ledger, Patch, original_of


class Base:
    def inherited(self) -> str:
        return "base"


class Target(Base):
    def own(self) -> str:
        return "own"

    @staticmethod
    def still() -> str:
        return "static"


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("stand_in")
    stand_in.Target = Target  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stand_in", stand_in)


def louder(original):
    def replacement(self):
        return original(self).upper()

    return replacement


def test_restoring_leaves_the_identical_function() -> None:
    before = vars(Target)["own"]
    ledger = Ledger()
    ledger.apply([Patch("stand_in:Target.own", louder)])
    assert Target().own() == "OWN"
    assert original_of(vars(Target)["own"]) is before
    ledger.restore()
    assert vars(Target)["own"] is before


def test_an_inherited_method_is_uncovered_again() -> None:
    ledger = Ledger()
    ledger.apply([Patch("stand_in:Target.inherited", louder)])
    assert (Target().inherited(), Base().inherited()) == ("BASE", "base")
    ledger.restore()
    assert "inherited" not in vars(Target)


def test_a_static_method_stays_the_descriptor_it_was() -> None:
    before = vars(Target)["still"]
    ledger = Ledger()
    ledger.apply([Patch("stand_in:Target.still", lambda original: staticmethod(lambda: "x"))])
    assert Target.still() == "x"
    ledger.restore()
    assert vars(Target)["still"] is before


def test_all_changes_of_one_call_apply_or_none() -> None:
    before = vars(Target)["own"]
    with pytest.raises(AttributeError):
        Ledger().apply(
            [Patch("stand_in:Target.own", louder), Patch("stand_in:Target.gone", louder)]
        )
    assert vars(Target)["own"] is before
