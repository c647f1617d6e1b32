"""The order of sets is the recording's own, without a word from the user."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.serving import ROOT, TIMETRACER, cassettes, free_port, recorded, replayed
from timetracer_otel.cassette.files import read

PATHS = ("/tags", "/page", "/child")
APP = ("--app", "tests.hash_seeds.service:app")
UNSET = {"PYTHONHASHSEED": "random"}
"""As Python is when nobody says anything, whatever the tests run under."""


def server(port: int) -> list[str]:
    words = ["-m", "uvicorn", "tests.hash_seeds.service:app", "--port", str(port)]
    return [sys.executable, *words]


def record(folder: Path, *, paths: Sequence[str] = PATHS, **environ: str) -> Path:
    port, before = free_port(), len(list(folder.rglob("*.json")))
    with recorded(server(port), port, folder, **{**UNSET, **environ}):
        for path in paths:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").close()
        cassettes(folder, before + len(paths))
    return folder


def seeds(folder: Path) -> set[int | None]:
    return {read(path).hash_seed for path in folder.rglob("*.json")}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cassettes of one run."""
    return record(tmp_path_factory.mktemp("once") / "cassettes")


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cassettes of two runs."""
    folder = tmp_path_factory.mktemp("twice") / "cassettes"
    return record(record(folder), paths=("/tags",))


def test_a_run_has_a_seed_by_chance_and_every_cassette_says_it(once: Path, twice: Path) -> None:
    (seed,) = seeds(once)
    assert seed
    assert len({seed, *seeds(twice)}) == 3


def test_the_application_replayed_in_process_has_the_order_of_then(once: Path) -> None:
    shown = replayed(once, *APP, **UNSET)
    assert (shown.returncode, shown.stdout.count("same  GET")) == (0, 3), shown.stdout


def test_a_command_replayed_has_it_too(once: Path) -> None:
    shown = replayed(once, "--", *server(free_port()), **UNSET)
    assert (shown.returncode, shown.stdout.count("same  GET")) == (0, 3), shown.stdout


@pytest.mark.parametrize("by", ["app", "command"])
def test_cassettes_of_several_runs_each_have_their_own(
    twice: Path, tmp_path: Path, by: str
) -> None:
    words = APP if by == "app" else ("--", *server(free_port()))
    report = tmp_path / "report.json"
    options = ("--format", "json", "--output", report)
    shown = replayed(*options, twice, *words, **UNSET)
    verdicts = json.loads(report.read_text())["verdicts"]
    assert [verdict["result"] for verdict in verdicts] == ["same"] * 4, shown.stderr
    assert shown.returncode == 0
    assert shown.stdout.count("same  GET") == 4  # told once, by one process


def test_a_seed_that_the_user_sets_for_the_replay_wins_and_the_verdict_says_so(
    once: Path, twice: Path
) -> None:
    for folder in (once, twice):
        shown = replayed(folder, *APP, PYTHONHASHSEED="1")
        assert shown.returncode == 1
        assert (
            "sets had an order of their own, not that of the recorded PYTHONHASHSEED="
            in shown.stdout
        )


def test_without_randomness_as_recorded_the_order_is_real(once: Path) -> None:
    assert replayed(once, *APP, "--no-random", **UNSET).returncode == 1


@pytest.mark.parametrize(
    ("flags", "seed", "known"),
    [
        ((), "0", "0"),
        ((), "4294967295", "4294967295"),
        ((), "random", "None"),
        (("-R",), "5", "None"),
        (("-E",), "5", "None"),
        (("-I",), "5", "None"),
    ],
)
def test_a_seed_is_known_where_python_hashes_with_it(
    flags: tuple[str, ...], seed: str, known: str
) -> None:
    program = "import sys; sys.path.insert(0, sys.argv[1]); import timetracer_otel.hash_seed as h"
    words = [*flags, "-c", f"{program}; print(h.seed_in_force())", str(ROOT)]
    assert _told(words, PYTHONHASHSEED=seed) == f"{known}\n"


def test_a_seed_that_the_program_set_itself_is_none_of_its_own() -> None:
    program = "import os; os.environ['PYTHONHASHSEED'] = '7'; import timetracer_otel.hash_seed as h"
    assert _told(["-c", f"{program}; print(h.seed_in_force())"], **UNSET) == "None\n"


def _told(words: Sequence[str], **environ: str) -> str:
    command = [sys.executable, *words]
    finished = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=True
    )
    return finished.stdout


def test_a_seed_of_the_user_is_left_alone(tmp_path: Path) -> None:
    words = [*TIMETRACER[1:], "record", "--dir", str(tmp_path), "--", sys.executable, "-c"]
    telling = "import os; print(os.environ['PYTHONHASHSEED'])"
    assert _told([*words, telling], PYTHONHASHSEED="0") == "0\n"


def test_randomness_that_is_not_recorded_leaves_the_seed_alone(tmp_path: Path) -> None:
    folder = record(tmp_path / "a", paths=("/tags",), TIMETRACER_RANDOMNESS="false")
    assert seeds(folder) == {None}
    assert replayed(folder, *APP, **UNSET).returncode == 1  # the order is real, and another


def test_what_is_wrong_with_the_application_is_said_once(twice: Path) -> None:
    shown = replayed(twice, "--app", "tests.hash_seeds.nowhere:app", **UNSET)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.count("cannot replay tests.hash_seeds.nowhere:app") == 1


def test_a_server_kept_up_has_the_first_of_several_seeds_and_says_so(twice: Path) -> None:
    port = free_port()
    words = [*TIMETRACER, "replay", str(twice), "--serve", "--", *server(port)]
    with subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, **UNSET}, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        said = []
        for line in program.stderr:
            said.append(line)
            if "serving on" in line:
                break
        program.send_signal(signal.SIGINT)
        program.communicate()
    assert "recorded under 2 hash seeds; the server has the first, " in "".join(said)


@pytest.fixture(scope="module")
def stopping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopping") / "cassettes"
    return record(record(folder, paths=("/stops",)), paths=("/stops",))


def test_a_person_at_a_prompt_types_into_the_application(stopping: Path) -> None:
    words = [*TIMETRACER, "replay", *sorted(map(str, stopping.rglob("*.json")))[:1], *APP]
    environ = {**os.environ, **UNSET, "ASKS": "1"}
    shown = subprocess.run(
        words, cwd=ROOT, env=environ, input="hello", capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stdout[:9]) == (0, "same  GET"), shown.stderr
    assert "at the prompt: hello\n" in shown.stderr


@pytest.mark.parametrize(("runs", "number"), [(1, signal.SIGTERM), (2, signal.SIGINT)])
def test_signals_end_the_application(stopping: Path, runs: int, number: int) -> None:
    files = sorted(map(str, stopping.rglob("*.json")))[:runs]
    program = subprocess.Popen(
        [*TIMETRACER, "replay", *files, "--app", "tests.hash_seeds.slow:app"],
        cwd=ROOT,
        env={**os.environ, **UNSET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    while "slow application" not in program.stderr.readline():
        assert program.poll() is None
    program.send_signal(number)
    program.communicate()
    assert program.returncode == 130
