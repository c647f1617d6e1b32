"""A store that fails costs recordings and nothing else, and each of them is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.exporters.test_unwritable import full_disk, no_folder, read_only
from tests.exporters.test_writer_process import answers, asked, run

WRITERS = ["thread", "process"]


def sums(told: dict[str, Any]) -> int:
    known = told["recorded"] + told["queue"]
    return int(known + sum(told["dropped"].values()) + sum(told["left_out"].values()))


def begun(writer: str) -> tuple[str, ...]:
    """The commands with which a recording begins; one request has been recorded then."""
    return ("begin=process", "ready") if writer == "process" else ("begin=thread", "record=1")


@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_written_is_counted_by_who_writes_it(tmp_path: Path, writer: str) -> None:
    folder = tmp_path / "kept"
    ran = run(folder, *begun(writer), "record=30", "flush", "accounts")
    assert (ran.returncode, ran.stderr) == (0, "")
    told = answers(ran)[-1]
    size = sum(path.stat().st_size for path in folder.rglob("*.json"))
    assert (told["recorded"], told["queue"], told["bytes"]) == (31, 0, size)
    assert (told["dropped"], told["left_out"]) == ({}, {})


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [(full_disk, "disk full"), (read_only, "not writable"), (no_folder, "not writable")],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_a_folder_that_cannot_be_written_costs_recordings_alone(
    tmp_path: Path, writer: str, fault: Callable[[Path], Any], reason: str
) -> None:
    with fault(tmp_path / "kept"):
        ran = run(tmp_path / "kept", *begun(writer), "record=30", "flush", "accounts")
    assert ran.returncode == 0
    once = 1 if writer == "thread" else 2  # each who writes says it: the first is a thread
    assert ran.stderr.count("cannot be written") == ran.stderr.count("\n") == once
    assert answers(ran)[-1]["dropped"] == {reason: 31}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_folder_that_is_removed_while_it_runs_costs_what_was_in_it(
    tmp_path: Path, writer: str
) -> None:
    commands = ("record=10", "flush", "take_folder", "record=20", "flush", "accounts")
    ran = run(tmp_path / "kept", *begun(writer), *commands)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(asked(tmp_path / "kept")) == 20
    told = answers(ran)[-1]
    assert (told["recorded"], told["dropped"]) == (31, {})


def test_a_store_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    commands = (
        "small_queue",
        "begin=thread",
        "hang",
        "record=1",
        "stuck",
        "record=499",
        "accounts",
    )
    ran = run(tmp_path / "kept", *commands)
    assert ran.returncode == 0
    told = answers(ran)[-1]
    assert told["recorded"] == 0
    assert set(told["dropped"]) == {"thinned under load", "queue full"}
    assert sums(told) == 499  # one is in the hands of the worker


def test_a_writing_process_that_is_stopped_is_not_waited_for(tmp_path: Path) -> None:
    commands = ("record=20", "handed", "accounts", "send=SIGCONT", "flush", "accounts")
    ran = run(tmp_path / "kept", *begun("process"), "flush", "send=SIGSTOP", *commands)
    assert (ran.returncode, ran.stderr) == (0, "")
    *_, stopped, _, _, ended = answers(ran)
    assert (stopped["recorded"], stopped["queue"]) == (1, 20)
    assert (ended["recorded"], ended["queue"]) == (21, 0)


@pytest.mark.parametrize("first", ["send=SIGSTOP", "flush"])
def test_what_a_killed_process_had_written_is_counted_once(tmp_path: Path, first: str) -> None:
    commands = ("record=20", "handed", first, "send=SIGKILL", "record=20", "flush", "flush")
    ran = run(tmp_path / "kept", *begun("process"), *commands, "record=5", "flush", "accounts")
    assert ran.returncode == 0
    told = answers(ran)[-1]
    assert len(asked(tmp_path / "kept")) == 46
    assert (told["recorded"], told["queue"], told["dropped"]) == (46, 0, {})


def test_a_forked_worker_counts_its_own(tmp_path: Path) -> None:
    ran = run(tmp_path / "kept", *begun("process"), "record=5", "fork", "flush", "accounts")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert answers(ran)[-1]["recorded"] == 6
