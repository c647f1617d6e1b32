"""In running programs: metrics of the application's own provider, the signal, what commands say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import timetracer
from tests.cli.test_main import TIMETRACER
from timetracer_otel.sampling.debug_header import is_valid

KEY = "a key that nobody else has"


def told(folder: Path, *words: str, **settings: str) -> list[Any]:
    """What each command of the program answered."""
    environ = {f"TIMETRACER_{name.upper()}": value for name, value in settings.items()}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.sampling.running", *words],
        env={**os.environ, "TIMETRACER_DIR": str(folder / "kept"), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("first", [("provide", "instrument"), ("instrument", "provide")])
def test_metrics_say_what_became_of_every_request(tmp_path: Path, first: tuple[str, ...]) -> None:
    words = (*first, "ask", "ask_for_it", "ask_for_it", "flush", "collected")
    metrics = told(tmp_path, *words, headers="x-keep")[-1]
    size = sum(path.stat().st_size for path in (tmp_path / "kept").rglob("*.json"))
    assert metrics == {
        "timetracer.recorded": 2,
        "timetracer.left_out": {"header": 1},
        "timetracer.removed": 0,
        "timetracer.bytes": size,
        "timetracer.queue": 0,
    }


def test_metrics_say_what_was_dropped(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    (tmp_path / "kept").unlink()
    metrics = told(tmp_path, "provide", "instrument", "ask", "ask", "collected", max_queue="0")[-1]
    assert metrics["timetracer.dropped"] == {"queue full": 2}


def test_a_recording_that_begins_again_has_its_metrics_once(tmp_path: Path) -> None:
    again = ("shutdown", "collected", "instrument", "ask", "flush", "collected")
    answers = told(tmp_path, "provide", "instrument", "ask", *again)
    assert answers[4] == {}
    assert answers[-1]["timetracer.recorded"] == 1


def test_a_signal_turns_recording_over(tmp_path: Path) -> None:
    words = ("instrument", "ask", "turn", "ask", "turn", "ask")
    answers = told(tmp_path, *words, switch_signal="SIGUSR2")
    assert [answers[n] for n in (1, 3, 5)] == [True, False, True]


@pytest.mark.parametrize("first", [("handle", "instrument"), ("instrument", "handle")])
def test_the_application_s_handler_is_called_and_is_all_that_it_sees(
    tmp_path: Path, first: tuple[str, ...]
) -> None:
    words = (*first, "handler", "turn", "ask", "shutdown", "turn", "handler")
    answers = told(tmp_path, *words, switch_signal="SIGUSR2")
    handled = answers[first.index("handle")]
    assert handled == "0" or "SIG_DFL" in handled  # what it replaced, as it is told
    assert answers[2:] == ["own_handler", ["SIGUSR2"], False, None, ["SIGUSR2"] * 2, "own_handler"]


def test_an_event_loop_s_handler_is_called_too(tmp_path: Path) -> None:
    words = ("instrument", "handle_in_a_loop", "ask", "handle_nonsense")
    answers = told(tmp_path, *words, switch_signal="SIGUSR2")
    assert answers[1:3] == ["woken", False]
    assert "signal handler must be" in answers[3]


def test_without_the_setting_the_signal_is_not_touched(tmp_path: Path) -> None:
    assert told(tmp_path, "instrument", "handle", "turn", "ask")[2:] == [["SIGUSR2"], True]


def test_the_switch_command_writes_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "recording.switch"
    assert timetracer(capsys, "switch", "off", file).code == 0
    assert file.read_text() == "off\n"
    monkeypatch.setenv("TIMETRACER_SWITCH_FILE", str(file))
    assert timetracer(capsys, "switch", "on").code == 0
    assert file.read_text() == "on\n"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    monkeypatch.delenv("TIMETRACER_SWITCH_FILE")
    for words, why in (
        (("on",), "switch_file"),
        (("of",), "'of'"),
        (("on", tmp_path / "no" / "folder"), "No such file"),
    ):
        said = timetracer(capsys, "switch", *words)
        assert said.code == 2 and why in said.err, said


def test_the_debug_header_command_signs_with_the_key_of_the_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = timetracer(capsys, "debug-header")
    assert said.code == 2 and "TIMETRACER_DEBUG_KEY" in said.err
    monkeypatch.setenv("TIMETRACER_DEBUG_KEY", KEY)
    name, _, value = timetracer(capsys, "debug-header", "--seconds", 60).out.strip().partition(": ")
    assert name == "x-timetracer-debug"
    assert is_valid(value, KEY, time.time())
    assert not is_valid(value, KEY, time.time() + 61)


def recorded(folder: Path, rule: str) -> list[str]:
    """The beginning of a command that records a Python program."""
    options = ("--dir", str(folder / "kept"), "--set", rule)
    return [*TIMETRACER, "record", *options, "--", sys.executable]


_FORKS = """
import os, sys
sys.argv = ["running", "instrument"]
from tests.sampling import running
running.ask(), running.ask_for_it()
if not os.fork():
    running.ask(), running.ask_for_it(), running.ask()
    os._exit(0)
os.wait()
"""


def test_record_says_at_its_end_what_was_kept_of_all_processes(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    ran = subprocess.run(
        [*recorded(tmp_path, "headers=x-keep"), "-c", _FORKS],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert "2 cassettes" in ran.stderr
    assert "timetracer: 2 recorded, 3 left out (header 3)\n" in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_record_says_that_none_was_kept(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*recorded(tmp_path, "errors_only=true"), "-m", "tests.sampling.running", "ask"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "none of 1 request was kept" in ran.stderr
    assert "timetracer: 0 recorded, 1 left out (no error 1)\n" in ran.stderr
