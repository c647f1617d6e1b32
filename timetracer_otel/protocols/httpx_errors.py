"""The exceptions of httpx and of what it stands on."""

from __future__ import annotations

from typing import Any

from timetracer_otel.interaction import ErrorFamily, register_errors

__all__ = ["register_httpx_errors"]


def register_httpx_errors() -> None:
    """Both names of httpx, of httpcore below it, and what that stands on."""
    register_errors(_FAMILIES)


_OF_TRIO = ("source", "reason", "source_task")


def _of_trio(
    kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BaseException:
    """`trio.Cancelled` has no public constructor; its attributes are always there."""
    error = kind.__new__(kind, *args)
    error.args = args
    for name in _OF_TRIO if attributes else ():
        setattr(error, name, attributes.get(name))
    return error


_FAMILIES = (
    ErrorFamily("httpx"),
    ErrorFamily("httpx2"),
    ErrorFamily("httpcore"),
    ErrorFamily("httpcore2"),
    ErrorFamily("anyio"),
    ErrorFamily("h11", ("error_status_hint",)),
    ErrorFamily(
        "h2", ("error_code", "stream_id", "max_id", "last_stream_id", "additional_data", "events")
    ),
    ErrorFamily("socksio"),
    ErrorFamily("trio", _OF_TRIO, build=_of_trio),
)
