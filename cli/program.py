"""Run another program as if nobody stood between it and its caller."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from timetracer_otel.errors import StoreError

__all__ = ["ended_by_signals", "exit_code", "found_program", "run_program"]

_FORWARDED = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
_FROM_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGWINCH")


def run_program(
    command: Sequence[str], environ: Mapping[str, str], stdout: int | None = None
) -> int:
    """Run `command` to its end and return its exit code as a shell would.

    Signals sent to us go to it; its output to `stdout`, if not to ours. Raises `StoreError` when
    there is no such program.
    """
    program = found_program(command[0])
    with _signals() as forward_to:
        # what the user typed is what the user wants run
        words = [program, *command[1:]]
        child = subprocess.Popen(words, env=dict(environ), stdout=stdout)  # noqa: S603
        forward_to.append(child)
        return exit_code(child.wait())


def exit_code(returned: int) -> int:
    """128 + N for a program that died of signal N."""
    return returned if returned >= 0 else 128 - returned


def found_program(name: str) -> str:
    """The path of a program. Raises `StoreError` when there is none.

    Beside our own interpreter first: a program recorded has to have us installed, and whoever
    calls `.venv/bin/timetracer` without activating the environment means its `python`.
    """
    scripts = str(Path(sys.executable).parent)
    found = shutil.which(name, path=scripts) or shutil.which(name)
    if found is None:
        raise StoreError(path=name, reason="no such program, here or on the PATH")
    return found


@contextmanager
def _signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Pass signals on to the children listed; before there is one they are remembered."""
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        if number in keyboard and _in_foreground():
            return  # the terminal has sent it to the whole process group, our child included
        for child in children:
            if child.returncode is None:
                child.send_signal(number)

    known = [getattr(signal, name) for name in _FORWARDED if hasattr(signal, name)]
    keyboard = {getattr(signal, name) for name in _FROM_KEYBOARD if hasattr(signal, name)}
    before = {number: signal.signal(number, forward) for number in known}
    try:
        yield children
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _in_foreground() -> bool:
    """Whether the terminal's Ctrl-C reaches us and our child alike."""
    try:
        with Path(os.ctermid()).open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (AttributeError, OSError):
        return False


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that what it started ends too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in known}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
