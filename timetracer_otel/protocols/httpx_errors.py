"""The exceptions of httpx and of what it stands on."""

from __future__ import annotations

from timetracer_otel.interaction import ErrorFamily, register_errors

__all__ = ["register_httpx_errors"]


def register_httpx_errors() -> None:
    """Both names of httpx, and of httpcore below it."""
    register_errors(ErrorFamily(name) for name in ("httpx", "httpx2", "httpcore", "httpcore2"))
