"""What is captured, what is replayed, the extras and the docs know the same libraries."""

from __future__ import annotations

import tomllib
from pathlib import Path

import timetracer_otel.capture
import timetracer_otel.replay.libraries
from timetracer_otel.libraries import library_modules

ROOT = Path(__file__).parents[2]
CAPTURED = {library.name: library for library in library_modules(timetracer_otel.capture)}
REPLAYED = {library.name: library for library in library_modules(timetracer_otel.replay.libraries)}


def test_every_installable_library_has_an_extra_and_is_in_all() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for name, library in CAPTURED.items():
        if library.distribution:
            assert library.extra or name in extras
            assert f"timetracer-otel[{library.extra or name}]" in extras["all"]


def test_every_client_library_that_is_captured_is_replayed_by_the_same_versions() -> None:
    assert set(REPLAYED) <= set(CAPTURED)
    for name, replayed in REPLAYED.items():
        captured = CAPTURED[name]
        assert (replayed.distribution, replayed.versions, replayed.protocol) == (
            captured.distribution,
            captured.versions,
            captured.protocol,
        )


def test_every_library_has_its_page() -> None:
    for name, library in CAPTURED.items():
        if library.distribution:
            assert (ROOT / "docs" / "libraries" / f"{library.extra or name}.md").is_file(), name
