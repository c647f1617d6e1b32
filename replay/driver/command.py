"""A server under replay: started by its own command, ended with everything it started."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from timetracer_otel.errors import CannotReplay
from timetracer_otel.replay.listening import is_known, ports_of_session

__all__ = ["Server", "serving_command"]

_START_S = 60.0
_STOP_S = 10.0
_SECOND_BEST_S = 1.0
_PORT = re.compile(r"^(?:--port|-p|--http-port)$")
_BIND = re.compile(r"^(?:--bind|-b|--listen|--address)$")
_HOST = re.compile(r"^(?:--host|--interface|-h)$")
_MOUNT = re.compile(r"^--root-path$")


class Server:
    """A running command, where it listens, and what it puts before each path."""

    def __init__(
        self, process: subprocess.Popen[bytes], address: tuple[str, int], mount: str = ""
    ) -> None:
        self.process = process
        self.address = address
        self.mount = mount


@contextmanager
def serving_command(
    command: Sequence[str],
    environ: Mapping[str, str],
    port: int | None,
    likely: Collection[int] = (),
) -> Iterator[Server]:
    """Start `command` and wait until it accepts connections. Raises `CannotReplay`.

    `port` is where it is said to listen; where nobody says, one of `likely` is preferred.
    """
    wanted = port or port_in(command)
    hosts = _hosts(command)
    if wanted and _accepting(hosts, wanted):
        reason = f"port {wanted} is in use by another program"
        raise CannotReplay(subject="the command", reason=reason, hint="stop it, or use another")
    try:
        # S603: to run the user's command is what this is for
        process = subprocess.Popen(command, env=dict(environ), start_new_session=True)  # noqa: S603
    except OSError as error:
        raise CannotReplay(subject=command[0], reason=error.strerror or str(error)) from error
    try:
        address = _wait_for_address(process, hosts, wanted, likely)
        yield Server(process, address, word_after(command, _MOUNT).rstrip("/"))
    finally:
        _stop(process)


def port_in(command: Sequence[str]) -> int | None:
    """The port that the command's words name, if any."""
    value = word_after(command, _PORT)
    if value.isdigit():
        return int(value)
    port = word_after(command, _BIND).rpartition(":")[2]
    return int(port) if port.isdigit() else None


def word_after(command: Sequence[str], option: re.Pattern[str]) -> str:
    """The value of an option, behind it or behind its ``=``; empty without one."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        name, separator, value = word.partition("=")
        if option.match(name):
            return value if separator else following
    return ""


def _hosts(command: Sequence[str]) -> list[str]:
    """Where to knock: loopback, and the one address that the command was told to use."""
    named = word_after(command, _HOST) or word_after(command, _BIND).rpartition(":")[0].strip("[]")
    everywhere = ("", "0.0.0.0", "::", "localhost")  # noqa: S104 - compared, not bound
    return ["127.0.0.1", "::1", *([named] if named not in everywhere else [])]


def _wait_for_address(
    process: subprocess.Popen[bytes], hosts: list[str], wanted: int | None, likely: Collection[int]
) -> tuple[str, int]:
    deadline = time.monotonic() + _START_S
    second_best_from = 0.0
    while time.monotonic() < deadline:
        if process.poll() is not None:
            code = process.returncode
            ending = f"exit code {code}" if code >= 0 else f"signal {-code}"
            reason = f"it ended with {ending} before it served anything"
            raise CannotReplay(subject="the command", reason=reason)
        ports = sorted(ports_of_session(process.pid), key=lambda port: port not in likely)
        for port in _candidates(ports, wanted):
            address = _accepting(hosts, port)
            if address is None:
                continue
            if wanted or port in likely or not likely:
                return address
            # metrics and the like may be up before the application itself is
            second_best_from = second_best_from or time.monotonic() + _SECOND_BEST_S
            if time.monotonic() > second_best_from:
                return address
        time.sleep(0.05)
    where = f"port {wanted}" if wanted else "any port"
    hint = "name it with `--port`" if not wanted else "does the command use another one?"
    reason = f"it did not listen on {where} within {_START_S:.0f} s"
    raise CannotReplay(subject="the command", reason=reason, hint=hint)


def _candidates(listening: list[int], wanted: int | None) -> list[int]:
    """Only what the command itself listens on, where that can be known."""
    if not wanted:
        return listening
    return [wanted] if wanted in listening or not is_known() else []


def _accepting(hosts: list[str], port: int) -> tuple[str, int] | None:
    for host in hosts:
        try:
            socket.create_connection((host, port), 1.0).close()
        except OSError:
            continue
        return host, port
    return None


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
