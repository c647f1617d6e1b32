"""A private server of MongoDB's wire protocol: NX-27017, over SQLite.

Not MongoDB: see docs/libraries/pymongo.md for what it lacks.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sys
from pathlib import Path

from tests.servers.programs import MissingProgram
from tests.servers.server import Server

__all__ = ["Mongodb"]


class Mongodb(Server):
    """Without passwords; each database in memory."""

    # as whoever runs the tests: it is installed where nobody else may look
    account = pwd.getpwuid(os.geteuid()).pw_name

    @property
    def url(self) -> str:
        """``mongodb://127.0.0.1:port``."""
        return f"mongodb://{self.host}:{self.port}"

    def renew(self) -> None:
        self.stop()  # nothing of it is on a disk
        self.start()

    def _create(self) -> None:
        _program()

    def _command(self) -> list[str]:
        return [
            *(str(_program()), "--data-dir", "memory"),
            *("--host", self.host, "--port", str(self.port)),
            *("--log-file", str(self.folder / "nx.log"), "--pid-file", str(self.folder / "nx.pid")),
        ]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1):
                return True
        except OSError:
            return False


def _program() -> Path:
    """Beside the interpreter: it is one of the tests' own requirements."""
    found = shutil.which("nx-27017", path=str(Path(sys.executable).parent))
    if found is None:
        raise MissingProgram("nx-27017", "")
    return Path(found)
