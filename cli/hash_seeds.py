"""`timetracer replay --app` under the recording's hash seed, which only a new process can have.

With one seed this process becomes that one, before the application is imported. Cassettes of
several are replayed by one process each, whose verdicts are put together here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timetracer_otel.cassette.files import hash_seed_of
from timetracer_otel.cli.wording import count
from timetracer_otel.hash_seed import HASH_SEED, is_left_to_chance

if TYPE_CHECKING:
    from timetracer_otel.cli.replay_progress import Progress
    from timetracer_otel.replay.run import Options
    from timetracer_otel.replay.verdict import Verdict

__all__ = ["become_seeded", "is_seeded", "replay_apart"]


def become_seeded(files: Sequence[str], options: Options, started_as: Sequence[str]) -> None:
    """Start this command again under the seed of its cassettes, as the same process.

    Not where that cannot be, nor for cassettes of several seeds. The environment then has a
    seed, so that it happens once.
    """
    seeds = _wanted(files, options)
    if len(seeds) != 1 or not started_as or os.name != "posix":  # elsewhere a caller sees us end
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    words = [*started_as, *sys.argv[1:]]
    # the very command that the user started
    os.execve(words[0], words, {**os.environ, HASH_SEED: str(seeds.pop())})  # noqa: S606


def is_seeded(files: Sequence[str], options: Options) -> bool:
    """Whether this process is as good as any for these cassettes."""
    return not _wanted(files, options)


def _wanted(files: Sequence[str], options: Options) -> set[int]:
    if not options.randomness or not is_left_to_chance(os.environ):
        return set()
    return {seed for file in files if (seed := hash_seed_of(Path(file))) is not None}


def replay_apart(
    files: Sequence[str],
    app: str,
    options: Options,
    progress: Progress,
    started_as: Sequence[str],
) -> int:
    """Replay the cassettes of each seed in a process of their own; verdicts go to `progress`.

    The exit code is that of the first process that came to no verdict.
    """
    from timetracer_otel.replay.hash_seeds import by_seed
    from timetracer_otel.replay.run import meant

    words = _words(app, options, started_as)
    groups = by_seed(meant(files, options, progress))
    for seed, named in groups:
        progress.said(f"under the hash seed {seed}: {count(len(named), 'cassette')}")
        code, verdicts = _apart([*words, *(item.name for item in named)], seed)
        for verdict in verdicts:
            progress.judged(verdict)
        if code:
            return code
    return 0


def _words(app: str, options: Options, started_as: Sequence[str]) -> list[str]:
    words = [*(started_as or (sys.executable, "-m", "timetracer_otel.cli")), "replay", "--app", app]
    for library in options.live:
        words += ["--live", library]
    return words if options.clock else [*words, "--no-clock"]


def _apart(words: Sequence[str], seed: int | None) -> tuple[int, list[Verdict]]:
    """What the process judged; and its exit code, where that is not the verdicts'."""
    from timetracer_otel.cli.program import run_program
    from timetracer_otel.replay.verdict import Verdict

    with tempfile.TemporaryDirectory(prefix="timetracer-") as folder:
        report = Path(folder) / "verdicts.json"
        words = [*words, "--format", "json", "--output", str(report)]
        environ = {**os.environ, HASH_SEED: str(seed)}
        code = run_program(words, environ, stdout=subprocess.DEVNULL)
        if not report.exists():
            return code or _CANNOT, []
        told = json.loads(report.read_text(encoding="utf-8"))
    verdicts = [Verdict(**fields) for fields in told["verdicts"]]
    worst = max((verdict.exit_code for verdict in verdicts), default=0)
    return 0 if code == worst else code, verdicts


_CANNOT = 2
