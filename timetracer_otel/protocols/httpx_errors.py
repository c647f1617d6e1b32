"""The exceptions of httpx and of what it stands on."""

from __future__ import annotations

from timetracer_otel.interaction import ErrorFamily, register_errors

__all__ = ["register_httpx_errors"]

_NAMES = ("httpx", "httpx2", "httpcore", "httpcore2", "anyio", "h11", "h2", "socksio", "trio")


def register_httpx_errors() -> None:
    """Both names of httpx, and of httpcore below it, and what that stands on."""
    register_errors(ErrorFamily(name, _SAID.get(name, ())) for name in _NAMES)


_SAID = {
    "h2": ("error_code", "stream_id", "max_id", "last_stream_id", "additional_data"),
    "h11": ("error_status_hint",),
}
