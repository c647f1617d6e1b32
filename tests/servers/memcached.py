"""A private memcached."""

from __future__ import annotations

import socket

from tests.servers.programs import program
from tests.servers.server import Server

__all__ = ["Memcached"]


class Memcached(Server):
    """Over TCP; whoever connects may ask."""

    account = "memcache"

    def renew(self) -> None:
        self.empty(self.host, self.port)

    @staticmethod
    def empty(host: str, port: int) -> None:
        """Forget everything that a memcached there holds."""
        with socket.create_connection((host, port), timeout=10) as connection:
            connection.sendall(b"flush_all\r\n")
            connection.recv(64)

    def _create(self) -> None:
        program("memcached")

    def _command(self) -> list[str]:
        return [str(program("memcached")), f"--listen={self.host}", f"--port={self.port}"]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(b"version\r\n")
                return connection.recv(64).startswith(b"VERSION")
        except OSError:
            return False
