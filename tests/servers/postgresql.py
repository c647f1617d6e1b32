"""A private PostgreSQL."""

from __future__ import annotations

from signal import SIGINT

from tests.servers.programs import program
from tests.servers.server import Server

__all__ = ["Postgresql"]

_READY = "ready"  # PM_STATUS_READY of pg_ctl.h, on line 8 of postmaster.pid, padded


class Postgresql(Server):
    """Passwords are checked by SCRAM, as a server in production does."""

    account = "postgres"
    stop_signal = SIGINT  # "fast": open sessions are ended, the data are left in good order

    def renew(self) -> None:
        self._sql(
            f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)",
            f"CREATE DATABASE {self.database}",
        )

    def _create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._give_away(secret)
        self._run(
            [
                str(program("initdb", beside="postgres")),
                "--pgdata=data",
                f"--username={self.user}",
                "--pwfile=password",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ]
        )

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": "",  # TCP alone: no path to be too long, none to collide
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(program("postgres")), "-D", "data", *options]

    def _answers(self) -> bool:
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == _READY

    def _sql(self, *statements: str) -> None:
        commands = [f"--command={statement}" for statement in statements]
        address = f"host={self.host} port={self.port} user={self.user} dbname=postgres"
        psql = [str(program("psql", beside="postgres")), "--no-psqlrc", "--quiet"]
        self._run([*psql, *commands, address], PGPASSWORD=self.password, PGOPTIONS="")
