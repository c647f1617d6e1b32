"""Patches are data; taking them back leaves the very objects that were there."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from timetracer_otel.patching import Ledger, Patch, WhenImported, original_of


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


@pytest.fixture
def not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that nobody has imported yet."""
    (tmp_path / "late_module.py").write_text("def said():\n    return 'late'\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "late_module"
    sys.modules.pop("late_module", None)


def test_a_module_is_changed_when_it_is_imported_and_not_imported_to_be_changed(
    not_imported: str,
) -> None:
    applied: list[str] = []
    ledger = Ledger()
    change = Patch(f"{not_imported}:said", lambda original: lambda: original().upper())
    ledger.apply([WhenImported(not_imported, (change,), lambda: applied.append("once"))])
    assert not_imported not in sys.modules
    module = importlib.import_module(not_imported)
    assert module.said() == "LATE"
    assert applied == ["once"]
    ledger.restore()
    assert module.said() == "late"


def test_what_was_taken_back_before_the_import_changes_nothing(not_imported: str) -> None:
    ledger = Ledger()
    change = Patch(f"{not_imported}:said", lambda _original: lambda: "changed")
    ledger.apply([WhenImported(not_imported, (change,))])
    ledger.restore()
    assert importlib.import_module(not_imported).said() == "late"


def test_a_change_that_cannot_be_made_does_not_fail_the_import(
    not_imported: str, caplog: pytest.LogCaptureFixture
) -> None:
    Ledger().apply([WhenImported(not_imported, (Patch(f"{not_imported}:gone", louder),))])
    assert importlib.import_module(not_imported).said() == "late"
    assert f"{not_imported} cannot be captured" in caplog.text
