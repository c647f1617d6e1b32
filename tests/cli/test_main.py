"""The command itself: help, mistakes, endings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import timetracer
from tests.cli.shelves import shelved
from timetracer_otel import __version__
from timetracer_otel.cli.main import app

TIMETRACER = [sys.executable, "-m", "timetracer_otel.cli"]
COMMANDS = [
    command.name or command.callback.__name__
    for command in app.registered_commands
    if command.callback is not None
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = timetracer(capsys, command, "--help")
    assert said.code == 0
    assert f"$ timetracer {command}" in said.out
    assert all(len(line) <= 80 for line in said.out.splitlines() if "$ " not in line)


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    said = timetracer(capsys)
    assert said.code == 2
    assert all(f"  {command} " in said.out + said.err for command in COMMANDS)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert timetracer(capsys, "--version") == (0, f"timetracer {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [["lst"], ["show"], ["list", "--nmber", "3"], ["list", "-n", "few"], ["show", "a", "b"]],
)
def test_a_mistake_is_one_sentence_and_the_way_to_the_help(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("timetracer: ")
    assert said.err.count("\n") == 1
    assert "--help` shows how it is used." in said.err


def test_a_mistake_of_ours_is_shown_whole_and_is_no_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("timetracer_otel.settings.read_settings", broken)
    said = timetracer(capsys, "list")
    assert said.code == 2
    assert "RuntimeError: unforeseen" in said.err
    assert said.err.endswith("that was a mistake of ours. Please report it with the lines above.\n")


def test_a_reader_that_goes_away_is_no_reason_to_complain(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [*TIMETRACER, "list", str(shelved(tmp_path))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    program.stdout.close()
    _, err = program.communicate()
    assert (program.returncode, err) == (1, b"")


def test_a_terminal_without_these_letters_shows_others(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*TIMETRACER, "show", *map(str, shelved(tmp_path).rglob("*.json"))]
    shown = subprocess.run(command, env=environ, capture_output=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, b"")


def test_colour_is_for_terminals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = timetracer(capsys, "list", shelved(tmp_path))
    assert "\x1b" not in said.out


def test_help_loads_neither_opentelemetry_nor_rich() -> None:
    """Fast enough to be asked often: what a command needs is imported when it runs."""
    code = (
        "import sys; from timetracer_otel.cli.main import run; run(['--help']);"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'rich', 'opentelemetry'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
