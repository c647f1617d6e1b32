"""The programs the tests start, and where to get them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["PACKAGES", "MissingProgram", "missing_packages", "program"]

PACKAGES = {
    "postgres": "postgresql",
    "mariadbd": "mariadb-server",
    "redis-server": "redis-server",
    "memcached": "memcached",
    "mariadb_config": "libmariadb-dev",
    "pkg-config": "pkg-config",
}
"""Each server program with the Debian package that brings it, and its tools with it; and what
mysqlclient is built with."""


class MissingProgram(LookupError):
    """A server program is not installed; `package` is the Debian package to install."""

    def __init__(self, name: str, package: str) -> None:
        super().__init__(f"no `{name}` on this machine: `apt-get install {package}` brings it")
        self.package = package


def program(name: str, *, beside: str = "") -> Path:
    """The path of a server program, or of a tool installed `beside` one.

    Debian keeps PostgreSQL's programs off the PATH, one folder a version: the newest counts.
    Raises `MissingProgram`.
    """
    found = shutil.which(name, path=os.pathsep.join(_folders()))
    if found is None:
        raise MissingProgram(name, PACKAGES[beside or name])
    return Path(found)


def missing_packages() -> list[str]:
    """The Debian packages that would bring what is not there."""
    missing = []
    for name, package in PACKAGES.items():
        try:
            program(name)
        except MissingProgram:
            missing.append(package)
    return missing


def _folders() -> list[str]:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    return [*map(str, newest_first), *os.get_exec_path(), "/usr/sbin", "/usr/local/sbin"]
