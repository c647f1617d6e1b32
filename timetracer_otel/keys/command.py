"""Keys that a command prints: ``pass show timetracer``, ``op read …``, a script of one's own."""

from __future__ import annotations

import os
import select
import shlex
import sys
from contextlib import suppress
from importlib import import_module
from time import monotonic
from typing import Any

from timetracer_otel.errors import KeyUnavailable
from timetracer_otel.keys.key import Key
from timetracer_otel.keys.texts import read_keys

__all__ = ["KeyCommand"]

_PATIENCE_S = 30.0
_UNRECORDED = {"TIMETRACER_MODE": "off", "OTEL_SDK_DISABLED": "true"}
"""A command in Python would record itself, encrypted, and ask for the key."""

_MAX_BYTES = 64 * 1024


class KeyCommand:
    """A command line, run without a shell; what it prints is keys in base64."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.where = f"the command `{line}`"

    def known(self) -> list[Key]:
        try:
            words = shlex.split(self.line)
            output, code = _run(words)
        except (OSError, ValueError) as error:
            raise self._unavailable(getattr(error, "strerror", None) or str(error)) from None
        if code:
            raise self._unavailable(f"it ended with code {code}")
        try:
            return read_keys(output.decode("ascii"))
        except ValueError:
            raise self._unavailable("what it printed is not 32 bytes in base64") from None

    def current(self) -> Key:
        keys = self.known()
        if not keys:
            raise self._unavailable("it printed no key")
        return keys[0]

    def add(self, key: Key) -> None:
        raise self._unavailable("new keys are put where it takes them from, in front")

    def _unavailable(self, reason: str) -> KeyUnavailable:
        return KeyUnavailable(where=self.where, reason=reason)


def _run(words: list[str]) -> tuple[bytes, int]:
    """What a program prints, and its exit code.

    No `subprocess`: this may be a thread beside gevent, which puts one of its own in its place.
    """
    close = _native("os", "close")  # gevent's waits for its loop, and we would wait for the end
    reading, writing = os.pipe()
    try:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
        ]
        environ = os.environ | _UNRECORDED
        child = _native("os", "posix_spawnp")(words[0], words, environ, file_actions=actions)
    except IndexError:
        close(reading)
        raise ValueError("it is empty") from None
    except OSError:
        close(reading)
        raise
    finally:
        close(writing)
    try:
        output = _read(reading)
    except TimeoutError:
        os.kill(child, 9)
        raise
    finally:
        close(reading)
        code = 0
        with suppress(ChildProcessError):  # the application has waited for whatever ended
            code = os.waitstatus_to_exitcode(_native("os", "waitpid")(child, 0)[1])
    return output, code


def _read(descriptor: int) -> bytes:
    poll = _native("select", "poll")()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    deadline = monotonic() + _PATIENCE_S
    output = b""
    while len(output) <= _MAX_BYTES:
        if not poll.poll(max(0.0, deadline - monotonic()) * 1000):
            raise TimeoutError(0, f"it said nothing for {_PATIENCE_S:g} seconds")
        piece = _native("os", "read")(descriptor, _MAX_BYTES)
        if not piece:
            return output
        output += piece
    raise ValueError("it printed too much to be keys")


def _native(module: str, name: str) -> Any:
    monkey = sys.modules.get("gevent.monkey")
    return monkey.get_original(module, name) if monkey else getattr(import_module(module), name)
