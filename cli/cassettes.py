"""Which cassettes the words on the command line mean."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from timetracer_otel.errors import StoreError
from timetracer_otel.exporters.files import find

__all__ = ["located"]


def located(words: Iterable[str]) -> list[Path]:
    """Files, folders and patterns as files, in order, each once.

    Raises `StoreError` for what is not there, and for a folder without any cassette.
    """
    found: dict[Path, None] = {}
    for word in words:
        for path in _paths(word):
            found.update(dict.fromkeys(_files(path)))
    return list(found)


def _paths(word: str) -> list[Path]:
    path = Path(word)
    if path.exists():
        return [path]
    # `Path.glob` refuses absolute patterns
    matching = [Path(name) for name in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207
    if not matching:
        reason = "nothing matches" if glob.has_magic(word) else "no such file or folder"
        raise StoreError(path=word, reason=reason, hint="`timetracer list FOLDER` shows cassettes")
    return matching


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = find(path)
    if not files:
        raise StoreError(
            path=str(path),
            reason="no cassettes here",
            hint="`timetracer record -- COMMAND` makes some",
        )
    return files
