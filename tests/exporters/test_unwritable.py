"""A folder that cannot be written: said once, harming nobody, and over when it is mended."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.test_cassette import a_cassette
from timetracer_otel.cassette import write_cassette
from timetracer_otel.exporters.files import FileStore, find

NOBODY = 65534
AS_ROOT = os.getuid() == 0


@contextmanager
def no_folder(folder: Path) -> Iterator[None]:
    """A file where the folder should be."""
    folder.write_text("a file")
    yield
    folder.unlink()


@contextmanager
def no_parent(folder: Path) -> Iterator[None]:
    """The folder's parent is a link to nowhere that can be made."""
    folder.parent.rmdir()
    folder.parent.symlink_to("/proc/nowhere")
    yield
    folder.parent.unlink()
    folder.parent.mkdir()


@contextmanager
def file_for_date(folder: Path) -> Iterator[None]:
    """A file where the folder of the day should be."""
    folder.mkdir()
    (folder / "2026-01-02").write_text("a file")
    yield
    (folder / "2026-01-02").unlink()


@contextmanager
def small_files(folder: Path) -> Iterator[None]:
    """The system refuses to let files grow, as a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"may not mount: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No space left on the device."""
    with _mounted(folder, "size=16k"):
        with pytest.raises(OSError, match="space"):
            (folder / "filler").write_bytes(b"x" * 100_000)
        yield


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A file system that nobody may write."""
    with _mounted(folder, "ro"):
        yield


@contextmanager
def no_permission(folder: Path) -> Iterator[None]:
    """Somebody else's folder."""
    folder.mkdir(mode=0o500)
    if AS_ROOT:  # root may write everywhere
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if AS_ROOT:
            os.seteuid(0)
    folder.chmod(0o700)


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.rglob("*")]
    except PermissionError:
        return []


FAULTS: list[tuple[Callable[[Path], object], str]] = [
    (no_folder, "Not a directory|File exists"),
    (no_parent, "No such file"),
    (file_for_date, "Not a directory|File exists"),
    (small_files, "File too large"),
    (full_disk, "No space left"),
    (read_only, "Read-only"),
    (no_permission, "Permission denied"),
]


@pytest.mark.parametrize(
    ("fault", "reason"), FAULTS, ids=lambda part: getattr(part, "__name__", "")
)
def test_it_is_said_once_and_over_when_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Callable[[Path], object], reason: str
) -> None:
    tmp_path.chmod(0o711)
    (tmp_path / "in").mkdir()
    folder = tmp_path / "in" / "kept"
    store = FileStore(folder)
    with caplog.at_level(logging.INFO, "timetracer_otel"), fault(folder):  # type: ignore[attr-defined]
        for _ in range(3):
            store.write(a_cassette())
        said = [record.getMessage() for record in caplog.records]
        parts = [name for name in _names(folder) if name.endswith(".part")]
    assert len(said) == 1
    assert str(folder) in said[0] and any(part in said[0] for part in reason.split("|"))
    assert store.lost == 3
    assert parts == []
    caplog.clear()
    store.write(a_cassette())
    assert len(find(folder)) == 1
    assert store.lost == 3


def test_a_folder_that_is_taken_away_is_made_again(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "kept")
    store.write(a_cassette())
    shutil.rmtree(tmp_path / "kept")
    store.write(a_cassette())
    assert len(find(tmp_path / "kept")) == 1
    assert store.lost == 0


def test_what_breaks_again_is_said_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "kept"
    store = FileStore(folder)
    with caplog.at_level(logging.ERROR, "timetracer_otel"):
        for _ in range(2):
            with no_folder(folder):
                store.write(a_cassette())
            store.write(a_cassette())
            shutil.rmtree(folder)
    assert len(caplog.records) == 2


def test_a_fragment_whose_file_is_gone_is_kept_by_itself(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.write(a_cassette())
    (path,) = find(tmp_path)
    path.unlink()
    store.write(a_cassette(), fragment=True)
    assert len(find(tmp_path)) == 1
    assert store.lost == 0


_SERVE = """
import sys
from fastapi.testclient import TestClient
import timetracer_otel
timetracer_otel.instrument(dir=sys.argv[1])
from tests.endings.service import app
client = TestClient(app)
for number in range(20):
    print(client.get(f"/items/{number}").status_code)
"""


def test_the_application_answers_on(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(write_cassette(a_cassette()).decode())
    ran = subprocess.run(
        [sys.executable, "-c", _SERVE, str(tmp_path / "kept")],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "TIMETRACER_BANNER": "0",
            "TIMETRACER_CAPTURE": "fastapi,asgi,starlette",
        },
    )
    assert (ran.returncode, ran.stdout.split()) == (0, ["200"] * 20)
    assert ran.stderr.count("cannot be written") == 1, ran.stderr
    assert "Traceback" not in ran.stderr
