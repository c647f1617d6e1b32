"""Servers of applications under test: started as people start them, recorded, replayed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from timetracer_otel.exporters.files import find

__all__ = ["ROOT", "TIMETRACER", "cassettes", "free_port", "recorded", "replayed", "running"]

ROOT = Path(__file__).parent.parent
TIMETRACER = [sys.executable, "-m", "timetracer_otel.cli"]
_START_S = 90
_END_S = 30
_WRITE_S = 20


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@contextmanager
def running(
    command: Sequence[str], port: int, *, log: Path, cwd: Path = ROOT, **environ: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`command` while it listens on `port`; it is ended with all that it started."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_for(process, port, log)
        yield process
    finally:
        _end(process)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"{process.args} does not listen on {port}:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """By SIGTERM, as a supervisor does; what it has left behind is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def recorded(
    command: Sequence[str], port: int, folder: Path, **environ: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`timetracer record -- COMMAND` while it listens; its cassettes go to `folder`."""
    words = [*TIMETRACER, "record", "--dir", str(folder), "--", *command]
    log = folder.parent / f"{folder.name}.log"
    with running(words, port, log=log, cwd=ROOT, **environ) as process:
        yield process


def cassettes(folder: Path, count: int) -> list[Path]:
    """The files below `folder`, once there are `count` of them."""
    deadline = time.monotonic() + _WRITE_S
    found: list[Path] = []
    while time.monotonic() < deadline:
        found = find(folder) if folder.is_dir() else []
        if len(found) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{len(found)} cassettes of {count}: {found}")


def replayed(*words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """`timetracer replay` with these words."""
    return subprocess.run(
        [*TIMETRACER, "replay", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
