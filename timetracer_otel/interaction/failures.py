"""Exceptions to cassette and back: by a fixed table of modules, never by import of a name."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from timetracer_otel.errors import ValueDecodingError
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.values import decode, encode

__all__ = ["ErrorFamily", "decode_error", "encode_error", "register_errors"]

_DEPTH = 4


@dataclass(frozen=True, slots=True)
class ErrorFamily:
    """How the exceptions of one library are taken apart and made again.

    `package` is the top-level module whose exception classes may be restored. `attributes` are
    kept where an exception has them. `extract` adds what attributes cannot give; `build`
    makes the exception from its class, its decoded args and decoded attributes.
    """

    package: str
    attributes: tuple[str, ...] = ()
    extract: Callable[[BaseException], dict[str, Any]] | None = None
    build: (
        Callable[[type[BaseException], tuple[Any, ...], dict[str, Any]], BaseException] | None
    ) = field(default=None)


_FAMILIES: dict[str, ErrorFamily] = {}


def register_errors(families: Iterable[ErrorFamily]) -> None:
    """Add libraries to the table; capture and replay modules do so where they are defined."""
    _FAMILIES.update({family.package: family for family in families})


register_errors(
    [
        ErrorFamily("builtins", ("errno", "strerror", "filename", "characters_written")),
        ErrorFamily("asyncio"),
        ErrorFamily("socket", ("errno", "strerror")),
        ErrorFamily("ssl", ("errno", "strerror", "library", "reason", "verify_code")),
        ErrorFamily("concurrent"),
    ]
)


def encode_error(error: BaseException, *, stage: str = "", depth: int = 0) -> RecordedError:
    """The cassette's form of `error`, with its cause and context a few levels deep."""
    kind = type(error)
    family = _FAMILIES.get(kind.__module__.partition(".")[0])
    cause, context = error.__cause__, error.__context__
    shown = depth < _DEPTH
    return RecordedError(
        type=kind.__qualname__,
        module=kind.__module__,
        args=[encode(argument) for argument in error.args],
        attributes=_attributes(error, family),
        stage=stage,
        notes=list(getattr(error, "__notes__", [])),
        cause=encode_error(cause, depth=depth + 1) if cause is not None and shown else None,
        context=(
            encode_error(context, depth=depth + 1)
            if context is not None and context is not cause and shown
            else None
        ),
        traceback="".join(traceback.format_exception(error, chain=False)) if depth == 0 else "",
    )


def _attributes(error: BaseException, family: ErrorFamily | None) -> dict[str, Any]:
    if family is None:
        return {}
    found: dict[str, Any] = {}
    for name in family.attributes:
        value = getattr(error, name, None)
        if value is not None:
            found[name] = encode(value)
    if family.extract is not None:
        found.update({name: encode(value) for name, value in family.extract(error).items()})
    return found


def decode_error(recorded: RecordedError) -> BaseException:
    """The exception again: exact class, args, attributes, notes, cause and context.

    Raises `ValueDecodingError` for a class outside the table or no longer there.
    """
    family = _FAMILIES.get(recorded.module.partition(".")[0])
    if family is None:
        reason = f"exceptions of {recorded.module} are not in the table of known libraries"
        raise ValueDecodingError(tag=recorded.type, reason=reason)
    kind = _class_of(recorded)
    args = tuple(decode(argument) for argument in recorded.args)
    attributes = {name: decode(value) for name, value in recorded.attributes.items()}
    error = (family.build or _build)(kind, args, attributes)
    if recorded.notes:
        error.__notes__ = list(recorded.notes)
    if recorded.cause is not None:
        error.__cause__ = decode_error(recorded.cause)
    if recorded.context is not None:
        error.__context__ = decode_error(recorded.context)
    return error


def _class_of(recorded: RecordedError) -> type[BaseException]:
    found: Any = sys.modules.get(recorded.module)
    for name in recorded.type.split("."):
        found = getattr(found, name, None)
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        reason = f"{recorded.module}.{recorded.type} is no exception class that is loaded here"
        raise ValueDecodingError(tag=recorded.type, reason=reason)
    return found


def _build(
    kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BaseException:
    """The usual way: call the class; where its signature differs, set the args afterwards."""
    try:
        error = kind(*args)
    except Exception:  # noqa: BLE001 - a constructor of a foreign class may refuse in any way
        error = kind.__new__(kind)
    if error.args != args:
        error.args = args
    for name, value in attributes.items():
        if getattr(error, name, None) != value:
            setattr(error, name, value)
    return error
