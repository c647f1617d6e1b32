"""Where two layers see one connection, the outermost one that records it owns it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["owned", "owning"]

_OWNER: ContextVar[str] = ContextVar("timetracer_owner", default="")


@contextmanager
def owning(library: str) -> Iterator[None]:
    """Connections opened within the block are `library`'s: a layer below leaves them alone."""
    token = _OWNER.set(library)
    try:
        yield
    finally:
        _OWNER.reset(token)


def owned() -> str:
    """The library that is opening a connection around the running code; empty for none."""
    return _OWNER.get()
