"""A server under replay: started by its own command, ended with everything it started."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from timetracer_otel.errors import CannotReplay

__all__ = ["Server", "serving_command"]

_START_S = 60.0
_STOP_S = 10.0
_PORT = re.compile(r"^(?:--port|-p|--http-port)$")
_BIND = re.compile(r"^(?:--bind|-b|--listen|--address)$")


class Server:
    """A running command, and the port it listens on."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port


@contextmanager
def serving_command(
    command: Sequence[str], environ: Mapping[str, str], port: int | None
) -> Iterator[Server]:
    """Start `command` and wait until it accepts connections. Raises `CannotReplay`."""
    try:
        process = subprocess.Popen(command, env=dict(environ), start_new_session=True)
    except OSError as error:
        raise CannotReplay(subject=command[0], reason=error.strerror or str(error)) from error
    try:
        yield Server(process, _wait_for_port(process, port or port_in(command)))
    finally:
        _stop(process)


def port_in(command: Sequence[str]) -> int | None:
    """The port that the command's words name, if any."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        name, _, value = word.partition("=")
        value = value or following
        if _PORT.match(name) and value.isdigit():
            return int(value)
        if _BIND.match(name) and value.rpartition(":")[2].isdigit():
            return int(value.rpartition(":")[2])
    return None


def _wait_for_port(process: subprocess.Popen[bytes], port: int | None) -> int:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            reason = f"it ended with exit code {process.returncode} before it served anything"
            raise CannotReplay(subject="the command", reason=reason)
        for candidate in [port] if port else _listening(process.pid):
            if _accepts(candidate):
                return candidate
        time.sleep(0.05)
    where = f"port {port}" if port else "any port"
    hint = "name it with `--port`" if not port else "does the command use another one?"
    reason = f"it did not listen on {where} within {_START_S:.0f} s"
    raise CannotReplay(subject="the command", reason=reason, hint=hint)


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


def _listening(leader: int) -> list[int]:
    """The TCP ports on which processes of the leader's session listen (Linux)."""
    inodes = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) != leader:
                continue
            links = [os.readlink(link) for link in (folder / "fd").iterdir()]
        except OSError:
            continue
        inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    return [port for inode, port in _listeners() if inode in inodes]


def _listeners() -> Iterator[tuple[str, int]]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A":  # LISTEN
                yield fields[9], int(fields[1].rpartition(":")[2], 16)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_STOP_S)
            break
        except subprocess.TimeoutExpired:
            continue
    process.poll()
