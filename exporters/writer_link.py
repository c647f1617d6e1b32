"""The way to the process that writes cassettes: a socket, and what has not been confirmed yet."""

from __future__ import annotations

import _socket
import json
import logging
import os
import select
import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
from msgspec.structs import replace

from timetracer_otel.accounts import Tally
from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.errors import StoreError
from timetracer_otel.exporters.writer_process import (
    BOOTSTRAP,
    CASSETTE,
    FRAGMENT,
    GATHERED,
    START,
)
from timetracer_otel.gathered import cassette_of
from timetracer_otel.packing import unpack
from timetracer_otel.recording.native import native
from timetracer_otel.settings import Settings

__all__ = ["Message", "WriterLink", "python_beside"]

_LOG = logging.getLogger("timetracer_otel")
_PROGRAM = Path(__file__).with_name("writer_process.py")
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Of the environment: nothing that instruments a Python program, or changes what it imports."""

_AT_ONCE = getattr(_socket, "MSG_DONTWAIT", 0)
_NO_SIGNAL = getattr(_socket, "MSG_NOSIGNAL", 0)
"""An application may have SIGPIPE end it; that our process has ended must not."""

_PIECE = 256 * 1024
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Cassette)


class Message:
    """A message on its way, kept as bytes until it is confirmed."""

    __slots__ = ("_bootstrap", "data", "fragment", "kind", "payload", "taken")

    def __init__(self, kind: bytes, payload: bytes, bootstrap: list[Interaction]) -> None:
        self.kind = kind
        self.payload = payload
        self.data = memoryview(kind + len(payload).to_bytes(4, "little") + payload)
        self.taken: list[int] = []
        self.fragment = kind == FRAGMENT
        self._bootstrap = bootstrap

    @property
    def is_cassette(self) -> bool:
        return self.kind in {CASSETTE, FRAGMENT, GATHERED}

    def cassette(self) -> Cassette | None:
        """The cassette it is about; None where it is about none."""
        if self.kind == GATHERED:
            found = cassette_of(unpack(self.payload))
        elif self.kind in {CASSETTE, FRAGMENT}:
            found = _DECODER.decode(self.payload)
        else:
            return None
        return replace(found, bootstrap=self._bootstrap)


class WriterLink:
    """One writing process. Every method raises `StoreError` when that cannot be reached any more.

    Used by one thread at a time; a signal's handler may come in between anywhere, and go on.
    `waiting` are the bytes that have not been confirmed, `tally` what came of the others.
    """

    def __init__(self, settings: Settings) -> None:
        """Start the process; it is of use when it is `ready`. Raises OSError when it cannot be."""
        mine, its = _socket.socketpair()  # the C module's: gevent and others replace `socket`'s
        try:
            self._fd = _copied(mine.fileno())
            self._wire = _socket.socket(fileno=self._fd)
            fd = _copied(its.fileno())
            try:
                self._launcher = _launched(fd)
            finally:
                os.close(fd)
        finally:
            mine.close()
            its.close()
        self._identity = _identity(self._fd)
        self.ready = False
        self.pid = 0
        self.waiting = 0
        self._heard = bytearray()
        self._hearing = False
        self._number = 0
        self._confirmed = 0
        self.tally: dict[str, Any] = Tally().as_said()
        self._unconfirmed: dict[int, Message] = {}
        self._outbox: deque[Message] = deque()
        self._carried: list[Interaction] = []
        start = {"path": sys.path, "settings": msgspec.to_builtins(settings)}
        if "on" in (settings.redaction, settings.encryption):  # what it takes to be given keys
            start["environ"] = {
                name: value for name, value in os.environ.items() if _is_harmless(name)
            }
        self._outbox.append(Message(START, _ENCODER.encode(start), []))
        self._moved = monotonic()

    # -- on the way out -----------------------------------------------------------------------

    def put(self, cassette: Cassette, *, fragment: bool) -> None:
        """Take a cassette to be sent by `advance`."""
        data = _ENCODER.encode(replace(cassette, bootstrap=[]))
        self._put(FRAGMENT if fragment else CASSETTE, data, cassette.bootstrap)

    def put_packed(self, data: bytes, bootstrap: list[Interaction]) -> None:
        """Take what was packed for one, with the bootstrap it carries."""
        self._put(GATHERED, data, bootstrap)

    def _put(self, kind: bytes, data: bytes, bootstrap: list[Interaction]) -> None:
        if bootstrap is not self._carried:
            self._send_later(Message(BOOTSTRAP, _ENCODER.encode(bootstrap), []))
            self._carried = bootstrap
        self._send_later(Message(kind, data, bootstrap))

    def _send_later(self, message: Message) -> None:
        if not self._unconfirmed:
            self._moved = monotonic()
        self.waiting += message.data.nbytes
        self._number += 1
        self._unconfirmed[self._number] = message
        self._outbox.append(message)

    def advance(self, wait_s: float = 0.0) -> None:
        """Send what goes out and take what has come in; wait for one or the other at most once."""
        self._check()
        self._hear()
        self._send()
        if wait_s > 0 and self._unconfirmed:
            poll = native("select", "poll")()
            poll.register(self._fd, select.POLLIN | (select.POLLOUT if self._outbox else 0))
            poll.poll(wait_s * 1000)
            self._hear()
            self._send()

    def _check(self) -> None:
        """That the descriptor is still ours: a program may have closed all that it did not know."""
        try:
            same = _identity(self._fd) == self._identity
        except OSError as error:
            raise _gone(error.strerror or "closed") from None
        if not same:
            raise _gone("the application has closed its socket")
        self._reap()

    def _reap(self) -> None:
        """The launcher is a child of the application as long as it runs, which is not long."""
        if self._launcher:
            with suppress(ChildProcessError):  # the application has reaped all that there was
                if native("os", "waitpid")(self._launcher, os.WNOHANG)[0] == 0:
                    return
            self._launcher = 0

    def _send(self) -> None:
        while self._outbox:
            message = self._outbox[0]
            rest = message.data[sum(message.taken) :]
            if not rest:
                self._outbox.popleft()
                continue
            try:
                # one step for whoever interrupts it: what has gone out is noted, or has not gone
                message.taken.extend(map(self._wire.send, (rest[:_PIECE],), (_FLAGS,)))
            except BlockingIOError:
                return
            except OSError as error:
                raise _gone(error.strerror or "broken") from None
            self._moved = monotonic()

    # -- on the way in ------------------------------------------------------------------------

    def _hear(self) -> None:
        if self._hearing:  # interrupted in here
            return
        self._hearing = True
        try:
            for line in self._lines():
                self._take(json.loads(line))
        finally:
            self._hearing = False

    def _lines(self) -> Iterator[bytearray]:
        while True:
            try:
                data = self._wire.recv(_PIECE, _AT_ONCE)
            except BlockingIOError:
                return
            except OSError as error:
                raise _gone(error.strerror or "broken") from None
            if not data:
                raise _gone("it has ended")
            self._heard += data
            *lines, self._heard = self._heard.split(b"\n")
            yield from lines

    def _take(self, said: dict[str, Any]) -> None:
        self._moved = monotonic()
        if "ready" in said:
            self.ready, self.pid = True, said["ready"]
        elif "done" in said:
            for number in range(self._confirmed + 1, said["done"] + 1):
                self._unconfirmed.pop(number, None)
            self._confirmed = said["done"]
            self.tally = said["tally"]
            self.waiting = sum(m.data.nbytes for m in self.unconfirmed())
        elif "says" in said:
            _LOG.log(said["level"], "%s", said["says"])

    # -- what there is to know ----------------------------------------------------------------

    @property
    def interrupted(self) -> bool:
        """Whether the caller has interrupted this very link while it was listening."""
        return self._hearing

    @property
    def still_for_s(self) -> float:
        """Seconds since something moved in either direction."""
        return monotonic() - self._moved

    def unconfirmed(self) -> list[Message]:
        """What has not been confirmed, in order."""
        return list(self._unconfirmed.values())

    @property
    def cassettes_waiting(self) -> int:
        """How many of those are cassettes."""
        return sum(1 for message in self.unconfirmed() if message.is_cassette)

    def kill(self) -> None:
        """End the process, which hangs; it is there as long as its socket is open."""
        if self.pid:
            with suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of the process, which writes what it has and ends."""
        try:
            ours = _identity(self._fd) == self._identity
        except OSError:
            ours = False
        if ours:
            self._wire.close()
        else:
            self._wire.detach()


_FLAGS = _AT_ONCE | _NO_SIGNAL


def _is_harmless(name: str) -> bool:
    """Not of a variable that instruments a Python program, or changes what it imports."""
    return not name.startswith(("OTEL_", "PYTHON", "LD_", "DYLD_"))


def _gone(reason: str) -> StoreError:
    return StoreError(path="the process that writes cassettes", reason=reason)


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _copied(fd: int) -> int:
    """A copy of the descriptor: never 0 to 2, where who has closed those still reads and writes."""
    copy = os.dup(fd)
    if copy > 2:  # noqa: PLR2004 - the three standard ones
        return copy
    try:
        return _copied(fd)
    finally:
        os.close(copy)


def _launched(fd: int) -> int:
    """The number of the process that starts the writing one, and ends at once.

    No `subprocess`: what gevent leaves of it does not work.
    """
    silent = [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in (1, 2)]
    number: int = native("os", "posix_spawn")(
        python_beside(),
        [python_beside(), "-I", str(_PROGRAM)],
        {name: os.environ[name] for name in _KEPT if name in os.environ},
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, 0), *silent],
        setsigmask=[],
    )
    return number


def python_beside() -> str:
    """The interpreter that runs this program; an empty string where it is no file to be run.

    A server that embeds Python (uWSGI) calls itself `sys.executable`, and must not be run.
    """
    found = Path(sys.executable or "")
    known = found.name.startswith(("python", "pypy")) and os.name == "posix"
    return str(found) if known and _PROGRAM.is_file() and not hasattr(sys, "frozen") else ""
