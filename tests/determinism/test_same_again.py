"""A reply made of the time and of chance is the same reply in another process, to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from timetracer_otel.cassette import read_cassette


def run(mode: str, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.determinism.rerun", mode, str(folder), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    replies: list[dict[str, Any]] = json.loads(done.stdout)
    assert all(reply["status"] == 200 for reply in replies)
    return replies


PATHS = ["/async", "/thread", "/gather", "/background", "/later", "/seeded", "/extensions"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cassette a path, and the replies as they were."""
    made = tmp_path_factory.mktemp("recorded")
    replies = dict(zip(PATHS, run("record", made, *PATHS), strict=True))
    (made / "replies").write_text(json.dumps(replies), encoding="utf-8")
    return made


def as_recorded(folder: Path, paths: list[str]) -> list[dict[str, Any]]:
    replies = json.loads((folder / "replies").read_text(encoding="utf-8"))
    return [replies[path] for path in paths]


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(["/async"], id="in the loop"),
        pytest.param(["/thread"], id="in a worker thread"),
        pytest.param(["/gather"], id="in tasks at once"),
        pytest.param(["/background", "/later"], id="in a background task"),
        pytest.param(["/seeded"], id="after a seed of the application's"),
        pytest.param(["/extensions"], id="by extensions that ask the system themselves"),
        pytest.param(["/seeded", "/gather", "/thread", "/async"], id="in another order"),
    ],
)
def test_the_reply_is_the_same_to_the_byte(paths: list[str], folder: Path) -> None:
    assert run("replay", folder, *paths) == as_recorded(folder, paths)


def test_requests_at_once_each_have_their_own_time_and_draws(tmp_path: Path) -> None:
    paths = ["/async", "/thread", "/gather", "/background"]
    recorded = run("record", tmp_path, *paths, "--together")
    assert run("replay", tmp_path, *reversed(paths), "--together") == recorded[::-1]


def test_a_replay_records_what_the_recording_recorded(folder: Path) -> None:
    run("replay", folder, "/async")
    first, again = (
        read_cassette((folder / name).read_bytes(), file=name)
        for name in ("async.json", "async-again.json")
    )
    assert again.draws == first.draws
    assert seen(again) == seen(first)


def seen(cassette: Any) -> dict[tuple[str, str, str], list[int]]:
    """Every reading as the application saw it."""
    return {
        (reads.clock, reads.site, reads.path): [
            (cassette.recorded_ns if reads.clock == "time" else 0) + offset
            for offset in reads.offsets_ns
        ]
        for reads in cassette.clock
    }


def test_what_was_not_recorded_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "thread.json").write_bytes((folder / "seeded.json").read_bytes())
    (reply,) = run("replay", tmp_path, "/thread")
    assert reply["unrecorded"]["os.urandom"] > 1
