"""What is built, and what an installation of it brings."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.examples.readmes import EXAMPLES

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]


def _uv(*arguments: str | Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source distribution as installers do where there is no wheel."""
    folder = tmp_path_factory.mktemp("dist")
    _uv("build", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


PROGRAMS = [ROOT / "examples" / name for name in EXAMPLES]
"""Examples that are programs of their own; nothing imports them, and they are not shipped."""


def _files_of(folder: Path) -> set[PurePosixPath]:
    """What lies in a folder of the repository, but for links and what Python leaves there."""
    found: set[PurePosixPath] = set()
    for path in folder.iterdir():
        if path.is_symlink() or path.name == "__pycache__" or path in PROGRAMS:
            continue
        inner = _files_of(path) if path.is_dir() else {PurePosixPath()}
        found |= {PurePosixPath(path.name) / name for name in inner}
    return found


def test_one_name_and_no_other_appears_in_site_packages(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        top = {PurePosixPath(name).parts[0] for name in archive.namelist()}
    assert top == {"timetracer_otel", f"timetracer_otel-{PROJECT['project']['version']}.dist-info"}


def test_every_file_of_the_package_folders_is_in_the_wheel(wheel: Path) -> None:
    """A package missing in `packages` of pyproject.toml, or data in `package-data`, shows here."""
    with ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if name.startswith("timetracer_otel/")}
    written = {
        str(PurePosixPath(*package.split("."), name))
        for package, folder in FOLDERS.items()
        for name in _files_of(ROOT / folder)
    }
    assert shipped == written
    assert "timetracer_otel/py.typed" in shipped


def test_each_folder_has_its_link_for_type_checkers() -> None:
    links = {path.name: str(path.readlink()) for path in _links(ROOT / "timetracer_otel")}
    mapped = {folder: f"../{folder}" for folder in FOLDERS.values() if folder != "timetracer_otel"}
    assert links == mapped


def _links(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_symlink()]


def test_the_version_is_the_same_everywhere(metadata: Message) -> None:
    import timetracer_otel

    assert metadata["Version"] == timetracer_otel.__version__


def test_a_bare_installation_brings_opentelemetry_and_what_the_core_needs(
    metadata: Message,
) -> None:
    required = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    assert {requirement.name for requirement in required if requirement.marker is None} == {
        "cryptography",
        "msgspec",
        "opentelemetry-api",
        "opentelemetry-instrumentation",
        "opentelemetry-sdk",
        "packaging",
        "phonenumbers",
        "python-stdnum",
        "rich",
        "time-machine",
        "typer",
        "wrapt",
    }


def test_the_extra_all_is_every_other_extra(metadata: Message) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    everything = [extra for line in extras["all"] for extra in Requirement(line).extras]
    assert sorted(everything) == sorted(extras.keys() - {"all"})
    assert set(metadata.get_all("Provides-Extra", [])) == extras.keys()


_LOAD_ALL = """
from importlib.metadata import distribution
for point in distribution("timetracer-otel").entry_points:
    point.load()
    print(point.group, point.name)
"""


def test_every_entry_point_loads(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LOAD_ALL]  # elsewhere: as installed, not as found here
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert finished.returncode == 0, finished.stderr
    entry_points = PROJECT["project"]["entry-points"]
    expected = {(group, name) for group, names in entry_points.items() for name in names}
    expected |= {("console_scripts", name) for name in PROJECT["project"]["scripts"]}
    assert {tuple(line.split()) for line in finished.stdout.splitlines()} == expected


def test_the_command_runs_in_a_bare_installation(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    _uv("venv", "--python", sys.executable, environment)
    _uv("pip", "install", "--python", environment, wheel)
    command = [environment / "bin" / "timetracer", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "replay" in shown.stdout
