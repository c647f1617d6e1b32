"""Environments with everything that tests need, some of it older."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.versions.table import OPENTELEMETRY

__all__ = ["PYTHON", "ROOT", "python_of", "version_in"]

ROOT = Path(__file__).parents[2]
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_FOLDER = ROOT / ".cache" / "versions" / PYTHON
_CONSTRAINTS = ROOT / ".ci" / "constraints.txt"


def python_of(name: str, pins: tuple[str, ...]) -> str:
    """The interpreter of the environment `name`, which is made when it is not there.

    Raises `CalledProcessError` when it cannot be made.
    """
    if not pins:
        return sys.executable
    folder = _FOLDER / name
    python = folder / "bin" / "python"
    made = folder / "complete"
    wanted = "\n".join(pins)
    if made.is_file() and made.read_text(encoding="utf-8") == wanted:
        return str(python)
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    overrides, constraints = folder / "overrides.txt", folder / "constraints.txt"
    overrides.write_text("\n".join(_spelled_out(pins)), encoding="utf-8")
    constraints.write_text("\n".join(_others(pins)), encoding="utf-8")
    options = ["--python", str(python), "--override", str(overrides), "--constraint"]
    what = ["--editable", f"{ROOT}[all]", "--group", "test"]
    _uv("pip", "install", "--quiet", *options, str(constraints), *what)
    made.write_text(wanted, encoding="utf-8")
    return str(python)


def version_in(python: str, library: str) -> str:
    """What is installed there."""
    name = "opentelemetry-api" if library == OPENTELEMETRY else library
    code = f"from importlib import metadata; print(metadata.version({name!r}))"
    return subprocess.check_output([python, "-c", code], text=True).strip()


def _uv(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", *words], cwd=ROOT, check=True)


def _spelled_out(pins: tuple[str, ...]) -> list[str]:
    """OpenTelemetry 1.n is released with instrumentors 0.(n + 21)b0."""
    found = []
    for pin in pins:
        name, _, version = pin.partition("==")
        if name != OPENTELEMETRY:
            found.append(pin)
            continue
        betas = f"0.{int(version.split('.')[1]) + 21}b0"
        for each in _names():
            if each in {"opentelemetry-api", "opentelemetry-sdk"}:
                found.append(f"{each}=={version}")
            elif each.startswith(OPENTELEMETRY) and "propagator" not in each:
                found.append(f"{each}=={betas}")
    return found


def _others(pins: tuple[str, ...]) -> list[str]:
    pinned = {_name(line) for line in _spelled_out(pins)}
    return [line for line in _lines() if _name(line) not in pinned]


def _names() -> list[str]:
    return [_name(line) for line in _lines()]


def _lines() -> list[str]:
    return _CONSTRAINTS.read_text(encoding="utf-8").splitlines()


def _name(line: str) -> str:
    return re.split("[=<> ;]", line, maxsplit=1)[0]
