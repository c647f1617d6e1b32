"""What protocols ask of whoever hides secrets and personal data, and what they share in asking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from timetracer_otel.interaction.parts import RecordedError

__all__ = ["Hide", "changed", "hidden_error", "hidden_whole"]


class Hide(Protocol):
    """Gives each piece of a payload as it may be seen: the same object where nothing is hidden.

    `name` is that of the field, column, header or parameter, where it has one. What is given has
    as many bytes as what was taken, but for what is compressed or quoted in there.
    """

    def text(self, text: str, name: str = "") -> str:
        """Text, whatever it may be: prose, JSON, markup, a token."""

    def look(self, text: str) -> str:
        """Text in which names say nothing of values: what is hidden is known by its look."""

    def value(self, value: Any, name: str = "") -> Any:
        """An encoded value (see `timetracer_otel.values`) or a value of JSON."""

    def values(self, values: Sequence[Any], name: str) -> Sequence[Any]:
        """Values of one field `name`, as of a column."""

    def binary(self, data: bytes, name: str = "") -> bytes:
        """Bytes."""


def changed(part: Any, **fields: Any) -> Any:
    """`part` with these fields; itself where they are what it has."""
    if all(getattr(part, name) is value for name, value in fields.items()):
        return part
    return replace(part, **fields)


def hidden_error(error: RecordedError | None, hide: Hide) -> RecordedError | None:
    """An exception with all it says, and the exceptions that it is linked to."""
    if error is None:
        return None
    members = [hidden_error(member, hide) for member in error.members]
    same = all(one is other for one, other in zip(members, error.members, strict=True))
    found: RecordedError = changed(
        error,
        args=_arguments(error, hide),
        attributes=hide.value(error.attributes),
        notes=hide.value(error.notes),
        cause=hidden_error(error.cause, hide),
        context=hidden_error(error.context, hide),
        members=error.members if same else members,
        traceback=hide.text(error.traceback) if error.traceback else error.traceback,
    )
    return found


def _arguments(error: RecordedError, hide: Hide) -> list[Any]:
    made: list[Any] = hide.value(error.args)
    return made


def hidden_whole(interaction: Any, hide: Hide) -> Any:
    """Any interaction, walked as the JSON that it is in the file: request, response and errors.

    For a protocol whose payloads need no more knowledge than the names of their fields.
    """
    made = {}
    for name in ("request", "response", "error"):
        part = getattr(interaction, name)
        if part is not None:
            plain = msgspec.to_builtins(part)
            shown = hide.value(plain)
            if shown is not plain:
                made[name] = msgspec.convert(shown, type(part))
    return changed(interaction, **made)
