"""The cassette's form of an exception to the exception again: by a fixed table of modules.

A cassette names classes, and nothing it names is imported or called up: the module must be
one of the table's, be loaded already, and hold the class in its own namespace.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from timetracer_otel.errors import ValueDecodingError
from timetracer_otel.interaction.families import ErrorFamily, family_of
from timetracer_otel.interaction.parts import ERROR, RecordedError
from timetracer_otel.values import decode

__all__ = ["decode_error"]

_MAX_DEPTH = 32


def decode_error(recorded: RecordedError, *, depth: int = 0) -> BaseException:
    """The exception again: exact class, args, attributes, notes, cause, context, members.

    Raises `ValueDecodingError` for a class outside the table or no longer there.
    """
    family = family_of(recorded.module)
    if family is None:
        reason = f"exceptions of {recorded.module} are not in the table of known libraries"
        raise ValueDecodingError(tag=recorded.type, reason=reason)
    if depth > _MAX_DEPTH:
        raise ValueDecodingError(tag=recorded.type, reason="its causes are nested too deep")
    cause = decode_error(recorded.cause, depth=depth + 1) if recorded.cause else None
    context = None if recorded.no_context else cause
    if recorded.context is not None:
        context = decode_error(recorded.context, depth=depth + 1)
    error = _made(recorded, family, {"cause": cause, "context": context}, depth)
    if recorded.notes:
        error.__notes__ = list(recorded.notes)
    if cause is not None:
        error.__cause__ = cause
    error.__context__ = context
    if recorded.suppress_context:
        error.__suppress_context__ = True
    family.link(error)
    return error


_Links = dict[str, BaseException | None]


def _made(recorded: RecordedError, family: ErrorFamily, links: _Links, depth: int) -> BaseException:
    kind = _class_of(recorded)
    args = tuple(_argument(argument, links, depth) for argument in recorded.args)
    if recorded.members:
        args = (*args, [decode_error(member, depth=depth + 1) for member in recorded.members])
    attributes = {name: decode(value) for name, value in recorded.attributes.items()}
    for name in attributes:
        if not _may_be_set(name, family):
            raise ValueDecodingError(tag=recorded.type, reason=f"it has no attribute {name[:80]!r}")
    try:
        return (family.build or _build)(kind, args, attributes)
    except Exception as error:
        reason = f"{type(error).__name__} while it was made"
        raise ValueDecodingError(tag=recorded.type, reason=reason) from error


def _argument(argument: Any, links: _Links, depth: int) -> Any:
    if not (isinstance(argument, dict) and argument.keys() == {ERROR}):
        return decode(argument)
    said = argument[ERROR]
    if isinstance(said, str):
        return links.get(said)
    try:
        nested = msgspec.convert(said, RecordedError)
    except msgspec.ValidationError as error:
        raise ValueDecodingError(tag=ERROR, reason=str(error)) from None
    return decode_error(nested, depth=depth + 1)


def _may_be_set(name: str, family: ErrorFamily) -> bool:
    extracted = family.extract is not None and name.isidentifier() and not name.startswith("_")
    return extracted or name in family.attributes


def _class_of(recorded: RecordedError) -> type[BaseException]:
    # `vars`, not `getattr`: a module may import what is asked of it
    found: Any = sys.modules.get(recorded.module)
    for name in recorded.type.split("."):
        found = vars(found).get(name) if hasattr(found, "__dict__") else None
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
    if type(error) is not kind:  # `OSError(2, …)` chooses a subclass by itself
        error = kind.__new__(kind, *args)
    if error.args != args and not isinstance(error, BaseExceptionGroup):
        error.args = args
    for name, value in attributes.items():
        if getattr(error, name, None) != value:
            setattr(error, name, value)
    return error
