"""The table of libraries whose exceptions can be taken apart and made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ErrorFamily", "family_of", "register_errors"]


@dataclass(frozen=True, slots=True)
class ErrorFamily:
    """How the exceptions of one library are taken apart and made again.

    `package` is the top-level module whose exception classes may be restored. `attributes` are
    kept where an exception has them. `extract` adds what attributes cannot give; `build`
    makes the exception from its class, its decoded args and decoded attributes; `link` is given
    it once its cause and context are there.
    """

    package: str
    attributes: tuple[str, ...] = ()
    extract: Callable[[BaseException], dict[str, Any]] | None = None
    build: (
        Callable[[type[BaseException], tuple[Any, ...], dict[str, Any]], BaseException] | None
    ) = field(default=None)
    link: Callable[[Any], None] = field(default=lambda _: None)


_FAMILIES: dict[str, ErrorFamily] = {}


def register_errors(families: Iterable[ErrorFamily]) -> None:
    """Add libraries to the table; capture and replay modules do so where they are defined."""
    _FAMILIES.update({family.package: family for family in families})


def family_of(module: str) -> ErrorFamily | None:
    """The family of exceptions defined in `module`, if they are in the table."""
    return _FAMILIES.get(module.partition(".")[0])


_OF_SYSTEM_CALLS = ("errno", "strerror", "filename", "filename2", "characters_written")

register_errors(
    [
        ErrorFamily("builtins", (*_OF_SYSTEM_CALLS, "name", "path")),
        ErrorFamily("asyncio", ("expected", "partial")),
        ErrorFamily("socket", _OF_SYSTEM_CALLS),
        ErrorFamily(
            "ssl", (*_OF_SYSTEM_CALLS, "library", "reason", "verify_code", "verify_message")
        ),
        ErrorFamily("concurrent"),
    ]
)
