"""Servers that are given another port each time they start: found again by what stays the same.

Only where nothing but the port differs, and the host is a machine's own or a private one: at a
public name another port is another service.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

__all__ = ["MovedPorts", "origin_and_rest", "without_port"]

_NAMES = frozenset(("localhost", "host.docker.internal", "host.containers.internal"))


class MovedPorts:
    """Recorded addresses, and those that stand for them in this run. Not thread-safe.

    An address is ``scheme://host:port`` of a URL, or ``host:port/database``.
    """

    def __init__(self, recorded: Iterable[str]) -> None:
        self._recorded = list(dict.fromkeys(recorded))
        self._stands_for: dict[str, str] = {}

    def recorded_as(self, address: str, fits: Callable[[str], bool]) -> str:
        """The recorded address that `address` stands for; itself where there is none.

        Of several that differ in the port alone it is one that `fits` and that no other
        address stands for, in the order in which they were first asked.
        """
        found = self._stands_for.get(address)
        if found is None:
            found = self._stands_for[address] = self._chosen(address, fits)
        return found

    def _chosen(self, address: str, fits: Callable[[str], bool]) -> str:
        if address in self._recorded or not _is_near(address):
            return address
        alike = [one for one in self._recorded if without_port(one) == without_port(address)]
        taken = set(self._stands_for.values())
        free = [one for one in alike if one not in taken] if len(alike) > 1 else alike
        return _first([one for one in free if fits(one)] or free, address)


def _first(candidates: Sequence[str], otherwise: str) -> str:
    return candidates[0] if candidates else otherwise


def without_port(address: str) -> str:
    """What stays the same when a server has another port."""
    start, host, rest = _parts(address)
    return f"{start}{host}{rest}"


@lru_cache(maxsize=1024)
def _is_near(address: str) -> bool:
    _, host, _ = _parts(address)
    if host in _NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return False


def _parts(address: str) -> tuple[str, str, str]:
    """``scheme://``, host, and ``/database``."""
    scheme, separator, rest = address.rpartition("://")
    where, slash, more = rest.partition("/")
    host, colon, port = where.rpartition(":")
    return scheme + separator, host if colon and port.isdigit() else where, slash + more


def origin_and_rest(url: str) -> tuple[str, str]:
    """``http://host:port``, and the path with all that follows it."""
    split = urlsplit(url)
    origin = f"{split.scheme}://{split.netloc}"
    return origin, url[len(origin) :]
