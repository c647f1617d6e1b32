"""Names of clusters (``mongodb+srv://``): in a replay nobody asks the DNS."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.patching import Change, PatchIfPresent
from timetracer_otel.replay.mongodb_topology import recorded_seeds, recorded_set_name
from timetracer_otel.replay.sessions import serving

__all__ = ["srv_changes"]

_ONE_DAY = 24 * 60 * 60


def _hosts(resolver: Any) -> list[tuple[str, int]]:
    """The servers that were met; where there were none, the name itself."""
    return recorded_seeds() or [(resolver._SrvResolver__fqdn, 27017)]


def _options(_resolver: Any) -> str | None:
    name = recorded_set_name()
    return f"replicaSet={name}" if name else None


def _hosts_for_a_day(resolver: Any) -> tuple[list[tuple[str, int]], int]:
    return _hosts(resolver), _ONE_DAY


_ANSWERS: dict[str, Callable[[Any], Any]] = {
    "get_hosts": _hosts,
    "get_options": _options,
    "get_hosts_and_min_ttl": _hosts_for_a_day,
}


def _answering(given: Callable[[Any], Any]) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def asked(self: Any) -> Any:
            return given(self) if serving("pymongo") else original(self)

        return asked

    return wrap


def _answering_async(given: Callable[[Any], Any]) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        async def asked(self: Any) -> Any:
            return given(self) if serving("pymongo") else await original(self)

        return asked

    return wrap


def srv_changes() -> tuple[Change, ...]:
    """For both flavours of clients."""
    return tuple(
        PatchIfPresent(f"pymongo.{flavour}.srv_resolver:_SrvResolver.{name}", answering(given))
        for flavour, answering in (
            ("synchronous", _answering),
            ("asynchronous", _answering_async),
        )
        for name, given in _ANSWERS.items()
    )
