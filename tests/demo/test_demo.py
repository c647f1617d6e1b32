"""`timetracer demo`: the whole story, as a person sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.running import timetracer
from timetracer_otel.exporters.files import find, read
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.protocols.sql import SqlInteraction

DEMO = [sys.executable, "-m", "timetracer_otel.cli", "demo"]


class Told(NamedTuple):
    code: int
    text: str
    folder: Path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The demo, told once, its folder kept."""
    folder = tmp_path_factory.mktemp("demo") / "shop"
    shown = subprocess.run(
        [*DEMO, "--keep", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return Told(shown.returncode, shown.stdout.decode(), folder)


def test_the_story_is_told_to_its_end(told: Told) -> None:
    assert told.code == 0, told.text
    chapters = [line[:2] for line in told.text.splitlines() if line[:1].isdigit()]
    assert chapters == [f"{number} " for number in range(1, len(chapters) + 1)]
    assert "That was it" in told.text


def test_the_failure_is_replayed_to_the_same_answer_and_the_mended_code_to_another(
    told: Told,
) -> None:
    before, after = told.text.split("loyalty_fixed.py")
    assert "same" in before.partition("$ timetracer replay ")[2]
    assert "different, as intended" in after
    assert "500" in after
    assert "201" in after


def test_the_failed_checkout_holds_all_it_asked(told: Told) -> None:
    (failed,) = [path for path in find(told.folder / "cassettes") if "_500_" in path.name]
    cassette = read(failed)
    kinds = {type(call) for call in cassette.interactions}
    assert kinds == {HttpInteraction, SqlInteraction}
    assert cassette.entry is not None
    titles = [call.title for call in cassette.interactions]
    assert any("/members?email=" in title for title in titles)
    assert not any("linus" in title for title in titles)
    assert any(title.startswith("INSERT INTO orders") for title in titles)


def test_the_replays_touched_no_database(told: Told) -> None:
    assert (told.folder / "shop.db.away").is_file()
    assert not (told.folder / "shop.db").exists()


def test_every_command_shown_is_one_to_type(told: Told) -> None:
    """Paths are as seen from the folder that the first command goes to."""
    typed = [line.strip()[2:] for line in told.text.splitlines() if line.startswith("   $ ")]
    assert typed[0] == f"cd {told.folder}"
    words = {word for command in typed for word in command.split()}
    cassettes = [word for word in words if word.startswith("cassettes/")]
    assert cassettes
    assert all((told.folder / path).is_file() for path in cassettes)


def test_a_folder_that_is_there_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "demo", "--keep", tmp_path)
    assert said.code == 2
    assert "exists already" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def interrupted(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        DEMO,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        yield program
        program.kill()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing_behind(
    number: int, interrupted: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert interrupted.stdout is not None
    for line in interrupted.stdout:
        if "curl" in line:  # the shop and its partners are running
            break
    assert _running_in(tmp_path)
    interrupted.send_signal(number)
    rest = interrupted.stdout.read()
    assert interrupted.wait() == 130
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
    assert not _running_in(tmp_path)


def _running_in(folder: Path) -> list[str]:
    """Command lines of the processes that work in `folder`, or in one that was there."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and str(process.joinpath("cwd").readlink()).startswith(
                str(folder)
            ):
                found.append(process.joinpath("cmdline").read_text())
        except OSError:
            continue  # it has just ended, or is not ours to look at
    return found
