"""Where two layers see one connection, the outermost one that records it owns it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["opened_by_another", "opening"]

_OWNER: ContextVar[str] = ContextVar("timetracer_owner", default="")


@contextmanager
def opening(library: str) -> Iterator[None]:
    """Connections that are opened within the block belong to `library`.

    A driver that is captured by itself leaves them alone: `library` sees all that passes.
    """
    token = _OWNER.set(library)
    try:
        yield
    finally:
        _OWNER.reset(token)


def opened_by_another() -> bool:
    """Whether a layer above is opening the connection that is being made now."""
    return bool(_OWNER.get())
