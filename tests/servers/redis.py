"""A private Redis."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.servers.programs import program
from tests.servers.server import Server, wait_until

__all__ = ["Redis", "RedisCluster"]


class Redis(Server):
    """Without a password for the default user, and with one for `user`; on a socket of Unix too."""

    account = "redis"
    cluster = False

    def renew(self) -> None:
        self._ask("FLUSHALL", "SYNC")
        self._ask("SCRIPT", "FLUSH", "SYNC")
        self._ask("FUNCTION", "FLUSH", "SYNC")

    @property
    def url(self) -> str:
        """``redis://127.0.0.1:port/0``."""
        return f"redis://{self.host}:{self.port}/0"

    @property
    def socket_path(self) -> Path:
        """Its socket of Unix."""
        return self.folder / "redis.sock"

    def _ask(self, *command: str) -> bytes:
        """One command; gives what comes first of the reply."""
        words = [f"${len(word)}\r\n{word}\r\n" for word in command]
        with socket.create_connection((self.host, self.port), timeout=10) as connection:
            connection.sendall(f"*{len(words)}\r\n{''.join(words)}".encode())
            return connection.recv(1024)

    def _create(self) -> None:
        program("redis-server")

    def _command(self) -> list[str]:
        settings = {
            "port": self.port,
            "bind": self.host,
            "save": "",
            "appendonly": "no",
            "dir": self.folder,
            "unixsocket": self.socket_path,
            "unixsocketperm": "777",
            "enable-debug-command": "yes",
            "user": f"{self.user} on >{self.password} ~* &* +@all",
        }
        if self.cluster:
            settings |= {"cluster-enabled": "yes", "cluster-config-file": "nodes.conf"}
        options = [word for name, value in settings.items() for word in _option(name, str(value))]
        return [str(program("redis-server")), *options]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(b"*1\r\n$4\r\nPING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class RedisCluster(Redis):
    """A cluster of one node, which has all the slots."""

    cluster = True

    def start(self) -> None:
        super().start()
        self._ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        wait_until(lambda: b"cluster_state:ok" in self._ask("CLUSTER", "INFO"), 20)


def _option(name: str, value: str) -> list[str]:
    words = value.split() if name == "user" else [value]
    return [f"--{name}", *words]
