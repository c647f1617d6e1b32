"""Where a test's cassette lies. Pure: nothing is looked up but whether a file is there."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path

__all__ = ["DEFAULT_FOLDER", "cassettes_folder", "file_of", "name_of"]

DEFAULT_FOLDER = "cassettes"

_UNSAFE = re.compile(r"[^\w.,=+@\[\]-]+")
_LONGEST = 120


def name_of(node_id: str) -> str:
    """A file name of a test's ID: ``TestCart.test_sum[eur]`` for ``…::TestCart::test_sum[eur]``.

    What no file system can take is replaced; where that, or a cut, made it ambiguous, a piece of
    a hash is added.
    """
    _, _, inner = node_id.partition("::")
    wanted = inner.replace("::", ".")
    name = _UNSAFE.sub("-", wanted).strip(".-") or "test"
    if name != wanted or len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{sha256(wanted.encode()).hexdigest()[:8]}"
    return name


def cassettes_folder(test_file: Path, rootdir: Path, chosen: str) -> Path:
    """The folder of one test module's cassettes.

    Beside the module, ``cassettes/<module>``; or below the `chosen` folder as the module lies
    below the root.
    """
    if not chosen:
        return test_file.parent / DEFAULT_FOLDER / test_file.stem
    try:
        inside = test_file.relative_to(rootdir)
    except ValueError:
        inside = Path(test_file.name)
    return rootdir / chosen / inside.with_suffix("")


def file_of(folder: Path, name: str, parameters: str = "") -> Path:
    """The file of a cassette by the name that a marker gave it, one for each parameter set."""
    path = Path(os.path.normpath(folder / name))  # the folder may be none yet: `..` must not ask
    if not path.name.endswith((".json", ".json.gz")):
        path = path.with_name(f"{path.name}.json")
    if not parameters:
        return path
    stem, dot, suffix = path.name.partition(".json")
    inner = name_of(f"::[{parameters}]")
    return path.with_name(f"{stem}{inner}{dot}{suffix}")
