"""A private MariaDB."""

from __future__ import annotations

import socket

from tests.servers.programs import program
from tests.servers.server import Server

__all__ = ["Mariadb"]


class Mariadb(Server):
    """Passwords are checked by ``mysql_native_password``, MariaDB's default."""

    account = "mysql"

    def renew(self) -> None:
        client = str(program("mariadb", beside="mariadbd"))
        address = [f"--host={self.host}", f"--port={self.port}", f"--user={self.user}"]
        sql = f"DROP DATABASE IF EXISTS {self.database}; {self._creation()}"
        command = [client, "--no-defaults", *address, f"--execute={sql}"]
        self._run(command, MYSQL_PWD=self.password)

    def _creation(self) -> str:
        return f"CREATE DATABASE IF NOT EXISTS {self.database} CHARACTER SET utf8mb4"

    def _create(self) -> None:
        accounts = self.folder / "accounts.sql"
        accounts.write_text(
            f"{self._creation()};\n"
            f"CREATE USER IF NOT EXISTS {self.user}@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO {self.user}@'%';\n"
        )
        self._give_away(accounts)
        self._run(
            [
                str(program("mariadb-install-db", beside="mariadbd")),
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ]
        )

    def _command(self) -> list[str]:
        settings = {
            "datadir": self.folder / "data",
            "bind-address": self.host,
            "port": self.port,
            "socket": "mysqld.sock",  # below datadir: a path of any length will do
            "pid-file": "mysqld.pid",
            "init-file": self.folder / "accounts.sql",
            "innodb-flush-log-at-trx-commit": 0,
            "innodb-doublewrite": 0,
            "skip-log-bin": 1,
            "skip-name-resolve": 1,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(program("mariadbd")), "--no-defaults", *options]

    def _answers(self) -> bool:
        """It listens before it serves: only its greeting says that it does."""
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                return bool(connection.recv(1))
        except OSError:
            return False
