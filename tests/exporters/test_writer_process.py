"""The process that writes: nothing it was given is lost, and the application is none the wiser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.test_cassette import a_cassette
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters import handing_over
from timetracer_otel.exporters.files import FileStore, find, read
from timetracer_otel.exporters.handing_over import CassetteWriter
from timetracer_otel.settings import Settings

WAIT_S = 20.0


def run(folder: Path, *commands: str, shell: str = "") -> subprocess.CompletedProcess[str]:
    """The application, having done all that; `shell` is a redirection of its descriptors."""
    command = [sys.executable, "-m", "tests.exporters.application", str(folder), *commands]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def answers(ran: subprocess.CompletedProcess[str]) -> list[Any]:
    """What each command that was come to has printed."""
    return [json.loads(line) for line in ran.stdout.splitlines()]


def asked(folder: Path) -> list[str]:
    """The paths of the requests that are kept, each as often as it is."""
    entries = [read(path).entry for path in find(folder)] if folder.is_dir() else []
    return [e.request.url.rpartition("/")[2] for e in entries if e is not None]  # type: ignore[union-attr]


def numbers(count: int) -> list[str]:
    return sorted(map(str, range(1, count + 1)))


def wait_until_kept(folder: Path, count: int) -> list[str]:
    end = time.monotonic() + WAIT_S
    while len(found := sorted(asked(folder))) < count and time.monotonic() < end:
        time.sleep(0.02)
    return found


def wait_until_gone(pid: int) -> bool:
    end = time.monotonic() + WAIT_S
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    return not Path(f"/proc/{pid}").exists()


def test_it_writes_all_there_is_and_ends_with_the_application(tmp_path: Path) -> None:
    ran = run(tmp_path / "kept", "begin", "ready", "record=30")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(asked(tmp_path / "kept")) == numbers(31)
    assert wait_until_gone(answers(ran)[1])


def test_it_has_no_descriptors_of_the_application_and_is_no_child_of_it(tmp_path: Path) -> None:
    commands = ("inheritable", "begin", "ready", "descriptors_of_writer", "wait_for_children")
    ran = run(tmp_path / "kept", *commands)
    assert answers(ran)[3:] == [["0", "1", "2"], "none"]


@pytest.mark.parametrize(("how", "code"), [("SIGKILL", -9), ("SIGTERM", -15), ("exit", 3)])
def test_what_was_handed_over_survives_the_application(tmp_path: Path, how: str, code: int) -> None:
    ran = run(tmp_path / "kept", "begin", "ready", "record=200", "handed", f"die={how}")
    assert ran.returncode == code
    assert wait_until_kept(tmp_path / "kept", 201) == numbers(201)


@pytest.mark.parametrize(
    "first", [(), ("send=SIGSTOP",), ("sigpipe",), ("sigpipe", "send=SIGSTOP")]
)
def test_the_end_of_the_process_costs_no_recording(tmp_path: Path, first: Sequence[str]) -> None:
    commands = ("record=20", "handed", "send=SIGKILL", "record=20", "flush", "record=20")
    ran = run(tmp_path / "kept", "begin", "ready", *first, *commands)
    assert ran.returncode == 0
    assert sorted(asked(tmp_path / "kept")) == numbers(61)
    assert ran.stderr.count("\n") == ran.stderr.count("by a thread again") == 1


def test_signals_for_all_of_a_terminal_or_service_do_not_end_it(tmp_path: Path) -> None:
    signals = [f"send={name}" for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")]
    ran = run(tmp_path / "kept", "begin", "ready", *signals, "record=20", "handed", "die=SIGKILL")
    assert wait_until_kept(tmp_path / "kept", 21) == numbers(21)
    assert ran.stderr == ""


def test_each_forked_worker_has_its_own(tmp_path: Path) -> None:
    ran = run(tmp_path / "kept", "begin", "ready", "record=5", "fork", "record=5", "flush")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(set(answers(ran)[3])) == 2
    assert len(asked(tmp_path / "kept")) == 1 + 5 + 1 + 3 + 5


def test_it_ends_though_a_forked_child_lives_on(tmp_path: Path) -> None:
    command = ("begin", "ready", "record=5", "outlived", "flush", "die=SIGKILL")
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.exporters.application", str(tmp_path / "kept"), *command],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert writer.stdout is not None
    pid = [json.loads(writer.stdout.readline()) for _ in range(2)][1]
    writer.wait(WAIT_S)
    assert wait_until_gone(pid)
    os.killpg(writer.pid, 9)
    writer.stdout.close()


@pytest.mark.parametrize("shell", ["<&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors_are_left_alone(tmp_path: Path, shell: str) -> None:
    commands = ("begin", "ready", "record=20", "handed", "die=SIGKILL")
    ran = run(tmp_path / "kept", *commands, shell=shell)
    assert ran.returncode == -9
    assert wait_until_kept(tmp_path / "kept", 21) == numbers(21)


def test_files_that_take_its_descriptor_get_nothing_of_it(tmp_path: Path) -> None:
    ran = run(tmp_path / "kept", "begin", "ready", "record=5", "close_descriptors", "record=5")
    assert ran.returncode == 0
    assert answers(ran)[3] == ""
    assert sorted(asked(tmp_path / "kept")) == numbers(16)


def test_without_an_interpreter_a_thread_writes(tmp_path: Path) -> None:
    ran = run(tmp_path / "kept", "lose_python", "begin", "record=20", "flush", "record=20")
    assert ran.returncode == 0
    assert sorted(asked(tmp_path / "kept")) == numbers(40)


def test_greenlets_are_not_waited_for(tmp_path: Path) -> None:
    ran = run(tmp_path / "kept", "gevent", "begin", "ready", "record=50", "handed", "die=SIGKILL")
    assert ran.returncode == -9
    assert wait_until_kept(tmp_path / "kept", 51) == numbers(51)


def test_what_it_cannot_write_the_application_says(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    ran = run(tmp_path / "kept", "begin", "ready", "record=20", "flush", "record=20", "flush")
    assert ran.returncode == 0
    assert ran.stderr.count("cannot be written") == 2  # once by each of the two that tried


def test_it_ends_when_the_recording_does(tmp_path: Path) -> None:
    commands = ("begin", "ready", "record=20", "shutdown", "begin=thread", "record=20")
    ran = run(tmp_path / "kept", *commands)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert wait_until_gone(answers(ran)[1])
    assert sorted(asked(tmp_path / "kept")) == numbers(41)


def one(number: int) -> Cassette:
    return replace(a_cassette(), trace_id=f"{number:032x}"[::-1])


def test_pieces_of_what_was_written_before_join_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "_WINDOW_S", 0.0)
    monkeypatch.setattr(handing_over, "_BUSY", 0.0)
    sink = CassetteWriter(Settings(dir=str(tmp_path)))
    for number in (1, 2):
        sink.write(one(number), fragment=False)
        sink.batch_ended()
    assert sink._link is not None
    while not sink._link.ready:
        sink.batch_ended()
        time.sleep(0.01)
    sink.write(one(3), fragment=False)
    for number in (1, 2, 3):
        sink.write(one(number), fragment=True)
    sink.close()
    once = len(one(1).interactions)
    assert [len(read(path).interactions) for path in find(tmp_path)] == [2 * once] * 3


def test_light_work_is_not_handed_over(tmp_path: Path) -> None:
    sink = CassetteWriter(Settings(dir=str(tmp_path)))
    for number in range(5):
        sink.write(one(number), fragment=False)
        sink.batch_ended()
    assert sink._link is None
    assert len(find(tmp_path)) == 5


def test_what_may_be_there_already_is_not_written_twice(tmp_path: Path) -> None:
    FileStore(tmp_path).write(one(1))
    for number in (1, 2):
        FileStore(tmp_path).write_again(one(number), fragment=False)
    assert len(find(tmp_path)) == 2
