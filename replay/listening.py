"""Which TCP ports processes listen on, as Linux tells it; elsewhere nothing is known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["is_known", "ports_of_process", "ports_of_session"]

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTEN = "0A"


def is_known() -> bool:
    """Whether this machine tells."""
    return Path(_TABLES[0]).exists()


def ports_of_process(pid: int) -> set[int]:
    """Ports on which the process has a listening socket open, shared with others or not."""
    return _ports(_inodes(pid))


def ports_of_session(leader: int) -> set[int]:
    """Ports on which any process of the leader's session listens."""
    inodes: set[str] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == leader:
                inodes |= _inodes(int(folder.name))
        except OSError:  # gone in between
            continue
    return _ports(inodes)


def _inodes(pid: int) -> set[str]:
    found: set[str] = set()
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # closed in between, as the folder's own is
                name = str(link.readlink())
                if name.startswith("socket:["):
                    found.add(name[8:-1])
    return found


def _ports(inodes: set[str]) -> set[int]:
    return {port for inode, port in _listeners() if inode in inodes}


def _listeners() -> Iterator[tuple[str, int]]:
    for table in _TABLES:
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN:
                yield fields[9], int(fields[1].rpartition(":")[2], 16)
