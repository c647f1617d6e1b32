"""The versions that are said to be supported are those that were measured."""

from __future__ import annotations

import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import timetracer_otel.capture
import timetracer_otel.replay.libraries
from tests.versions.environments import ROOT
from tests.versions.table import ROWS, Row
from timetracer_otel.libraries import library_modules

LIBRARIES = {library.name: library for library in library_modules(timetracer_otel.capture)}
MEASURED = [row for row in ROWS if row.library in LIBRARIES and row.versions]


def _floor(specifiers: SpecifierSet) -> Version:
    (floor,) = [Version(one.version) for one in specifiers if one.operator == ">="]
    return floor


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.library)
def test_the_oldest_version_that_is_captured_is_the_oldest_that_is_measured(row: Row) -> None:
    oldest = Version(row.versions[0].removesuffix(".*"))
    assert _floor(SpecifierSet(LIBRARIES[row.library].versions)) == oldest


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.library)
def test_the_extra_asks_for_a_version_that_is_captured(row: Row) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    library = LIBRARIES[row.library]
    extra = project["optional-dependencies"][library.extra or library.name]
    named = {wanted.name: wanted.specifier for wanted in map(Requirement, extra)}
    if library.distribution in named:  # servers of any application come without one
        floor = _floor(named[library.distribution])
        assert floor == _floor(SpecifierSet(library.versions))


def test_every_client_library_has_its_row() -> None:
    """Those of Python itself have Python's versions, and drivers below SQLAlchemy have its row."""
    replayed = library_modules(timetracer_otel.replay.libraries)
    named = {library.name for library in replayed if library.distribution} - {"psycopg2"}
    assert named <= {row.library for row in ROWS}
