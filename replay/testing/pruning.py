"""Cassettes that no test has any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from timetracer_otel.replay.testing.naming import DEFAULT_FOLDER
from timetracer_otel.replay.testing.planning import chosen_folder, files_of, has_folder_of_its_own

__all__ = ["prune"]


def prune(config: pytest.Config, items: Sequence[pytest.Item]) -> list[Path]:
    """Delete the orphans beside the tests that were collected, and say which they were.

    An orphan lies where cassettes of a collected module lie, or of one that is gone, and is none
    that a collected test names. Folders that a fixture chooses are left alone.
    """
    if any("::" in argument for argument in config.args):
        raise pytest.UsageError(
            "--cassette-prune looks at whole files of tests, not at single ones"
        )
    if getattr(config, "workerinput", {}).get("workerid", "gw0") != "gw0":
        return []
    known = [item for item in items if not has_folder_of_its_own(item)]
    kept = {path.resolve() for item in items for path in files_of(item)}
    gone = [path for path in _candidates(known) if path.resolve() not in kept]
    for path in gone:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return gone


def _candidates(items: Sequence[pytest.Item]) -> Iterator[Path]:
    folders = {chosen_folder(item) for item in items}
    for folder in sorted(folders | set(_of_modules_gone(folders))):
        if folder.is_dir():
            yield from sorted(
                path for path in folder.rglob("*") if path.name.endswith((".json", ".json.gz"))
            )


def _of_modules_gone(folders: set[Path]) -> Iterator[Path]:
    """Folders beside those of modules that are there, whose own module is not."""
    beside = {folder.parent for folder in folders if folder.parent.name == DEFAULT_FOLDER}
    for parent in beside:
        for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
            if folder.is_dir() and not (parent.parent / f"{folder.name}.py").exists():
                yield folder
