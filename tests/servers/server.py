"""What every server has in common: one process, one port, one throw-away folder."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGTERM
from typing import ClassVar

__all__ = ["Server", "wait_until"]

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 20


class Server(ABC):
    """A private instance, created and started by the constructor, gone for good at `close`.

    `stop` and `start` keep its port and its data, so a test can record against it, stop it and
    replay. Nothing else comes to listen on that port meanwhile: it lies below those that the
    system hands out to clients.
    """

    host: ClassVar[str] = "127.0.0.1"
    user: ClassVar[str] = "timetracer"
    password: ClassVar[str] = "s3cret"
    database: ClassVar[str] = "shop"

    account: ClassVar[str]
    """The system's user that must own the process where the tests run as root."""
    stop_signal: ClassVar[int] = SIGTERM

    def __init__(self) -> None:
        # not pytest's folder for temporary files: other users may not look into that one
        self.folder = Path(tempfile.mkdtemp(prefix="timetracer-"))
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._give_away(self.folder)
            self._create()
            self._start_on_a_free_port()
        except BaseException:
            self.close()
            raise

    def dsn(self, scheme: str) -> str:
        """The instance as a URL: ``postgresql+asyncpg://user:password@host:port/database``."""
        account = f"{self.user}:{self.password}"
        return f"{scheme}://{account}@{self.host}:{self.port}/{self.database}"

    @property
    def running(self) -> bool:
        """Whether our process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process on its port and wait until it answers; nothing if it runs."""
        if self.running:
            return
        with (self.folder / "log").open("ab") as log:
            self._process = self._spawn(self._command(), stdout=log, stderr=log)
        wait_until(self._answers_or_died, _START_TIMEOUT_S)
        if not self.running:
            raise RuntimeError(f"{self._command()[0]} did not start:\n{self.log()}")

    def stop(self) -> None:
        """End our process and wait for it; nothing if it is not running."""
        if self._process is None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @abstractmethod
    def renew(self) -> None:
        """Empty the database, ending whatever is still connected to it."""

    def close(self) -> None:
        """Stop, and remove everything it ever wrote."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What the server said."""
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    @abstractmethod
    def _create(self) -> None:
        """Lay out the data in `folder`."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The program and its arguments; it must stay in the foreground."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client would be let in now."""

    def _answers_or_died(self) -> bool:
        return not self.running or self._answers()

    def _start_on_a_free_port(self) -> None:
        """Another process may take the port between our look and the server's: look again."""
        for last in (False, False, True):
            self.port = _free_port()
            try:
                self.start()
                break
            except RuntimeError:
                if last:
                    raise

    def _run(self, command: Sequence[str], **environ: str) -> None:
        """A tool that does its work and ends, as the account that owns the data."""
        process = self._spawn(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environ}
        )
        output, _ = process.communicate(timeout=_START_TIMEOUT_S)
        if process.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{output.decode(errors='replace')}")

    def _spawn(self, command: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
        owner = self._owner()
        if owner is not None:
            options |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        # a session of its own: Ctrl-C is for pytest, which then stops the server in good order
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **options,  # pyright: ignore[reportArgumentType, reportCallIssue]
        )

    def _give_away(self, path: Path) -> None:
        owner = self._owner()
        if owner is not None:
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def _owner(self) -> pwd.struct_passwd | None:
        """The account to run as: the server's own where we are root, else nobody but us."""
        return pwd.getpwnam(self.account) if os.geteuid() == 0 else None


def _free_port() -> int:
    """A port nobody listens on, outside the range from which clients get theirs."""
    while True:
        port = random.SystemRandom().randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    """Look again and again. Raises RuntimeError when the time is over."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not ready after {timeout_s} s")
        time.sleep(0.01)
