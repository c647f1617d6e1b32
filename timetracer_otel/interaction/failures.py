"""Exceptions to the cassette's form, taken down where they are met.

An exception holds the frames it passed through, and those hold whatever the application was
working on: none is kept, and nothing of the application's own is called to describe one.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from timetracer_otel.interaction.families import ErrorFamily, family_of, register_errors
from timetracer_otel.interaction.parts import ERROR, RecordedError
from timetracer_otel.interaction.restoring import decode_error
from timetracer_otel.values import encode
from timetracer_otel.values.opaque import clean_text, opaque

__all__ = ["ErrorFamily", "Failure", "decode_error", "encode_error", "register_errors"]

_MAX_DEPTH = 8
_MAX_LINKED = 64
_MAX_TEXT = 1024 * 1024
_MAX_MESSAGE = 2000
_MAX_NOTES = 50
_FIRST_FRAMES = 20
_LAST_FRAMES = 60
_CALLERS = 30
_OURS = str(Path(__file__).parent.parent)
_SCALARS = frozenset({str, bytes, int, float, bool, type(None)})

_Place = tuple[str, int, str]
"""File, line, function: what a line of a traceback needs."""


class Failure:
    """An exception as it was when it was met: no reference to it or to its frames is kept."""

    __slots__ = ("_places", "_recorded")

    def __init__(self, recorded: RecordedError, places: list[_Place]) -> None:
        self._recorded = recorded
        self._places = places

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Take `error` down (on the request path). Never raises."""
        try:
            return cls(_Walk().take(error), _places(error))
        except Exception:  # noqa: BLE001 - of a class of the application's, anything may be odd
            return cls(RecordedError(type=_text_of(type.__repr__(type(error))), module=""), [])

    def add(self, **attributes: object) -> None:
        """Say more of it than the exception does, for who makes it again."""
        for name, value in attributes.items():
            self._recorded.attributes[name] = _encode(value)

    def encode(self, stage: str) -> RecordedError:
        """The cassette's form (worker: it reads source files)."""
        return replace(self._recorded, stage=stage, traceback=self._traceback())

    def _traceback(self) -> str:
        if not self._places:
            return ""
        lines = traceback.format_list([traceback.FrameSummary(*place) for place in self._places])
        recorded = self._recorded
        module = "" if recorded.module == "builtins" else f"{recorded.module}."
        message = _message(recorded.args)
        last = f"{module}{recorded.type}: {message}" if message else f"{module}{recorded.type}"
        return clean_text(f"Traceback (most recent call last):\n{''.join(lines)}{last}\n")


def encode_error(error: BaseException | Failure, *, stage: str = "") -> RecordedError:
    """The cassette's form of `error`, with its cause, context and members a few levels deep."""
    failure = error if isinstance(error, Failure) else Failure.of(error)
    return failure.encode(stage)


class _Walk:
    """One exception and what it is linked to; links may go round in a circle."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def take(self, error: BaseException, depth: int = 0) -> RecordedError:
        self._seen.add(id(error))
        kind = type(error)
        module: Any = kind.__module__
        args = _own(error, BaseException.args)
        cause = _own(error, BaseException.__cause__)
        context = _own(error, BaseException.__context__)
        members: tuple[BaseException, ...] = ()
        if isinstance(error, BaseExceptionGroup):
            members = _own(error, BaseExceptionGroup.exceptions)
            args = args[:1]
        return RecordedError(
            type=_text_of(kind.__qualname__),
            module=_text_of(module),
            args=[self._argument(a, cause, context, depth) for a in args],
            attributes=_attributes(error, family_of(module)),
            notes=_notes(error),
            cause=self._linked(cause, depth),
            context=self._linked(context, depth) if context is not cause else None,
            no_context=cause is not None and context is None,
            suppress_context=cause is None
            and bool(_own(error, BaseException.__suppress_context__)),
            members=[m for m in (self._linked(member, depth) for member in members) if m],
        )

    def _argument(
        self,
        argument: object,
        cause: BaseException | None,
        context: BaseException | None,
        depth: int,
    ) -> Any:
        """An exception may be an argument of another: often of the one that it caused."""
        if argument is None or not isinstance(argument, BaseException):
            return _encode(argument)
        if argument is cause:
            return {ERROR: "cause"}
        if argument is context:
            return {ERROR: "context"}
        linked = self._linked(argument, depth)
        return {ERROR: to_builtins(linked)} if linked is not None else _encode(argument)

    def _linked(self, error: BaseException | None, depth: int) -> RecordedError | None:
        if error is None or id(error) in self._seen:
            return None
        if depth >= _MAX_DEPTH or len(self._seen) >= _MAX_LINKED:
            return None
        return self.take(error, depth + 1)


def _own(error: BaseException, attribute: Any) -> Any:
    """What BaseException itself says, past any property of a subclass."""
    return attribute.__get__(error)


def _text_of(text: str) -> str:
    return clean_text(text[:_MAX_MESSAGE])


def _encode(value: object) -> Any:
    if isinstance(value, str | bytes) and len(value) > _MAX_TEXT:
        return opaque(value, f"<{len(value):,} long, more than an error may have>")
    return encode(value)


def _notes(error: BaseException) -> list[str]:
    kept = object.__getattribute__(error, "__dict__").get("__notes__", ())
    if type(kept) is not list:
        return []
    return [_text_of(note) for note in kept[:_MAX_NOTES] if type(note) is str]


def _attributes(error: BaseException, family: ErrorFamily | None) -> dict[str, Any]:
    if family is None:
        return {}
    found: dict[str, Any] = {}
    for name in family.attributes:
        value = _tried(lambda name=name: getattr(error, name, None))  # type: ignore[misc]
        if value is not None:
            found[name] = _encode(value)
    if family.extract is not None:
        extract = family.extract
        for name, value in (_tried(lambda: extract(error)) or {}).items():
            found[name] = _encode(value)
    return found


def _tried(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception:  # noqa: BLE001 - an attribute of a foreign class may be a property
        return None


def _message(args: list[Any]) -> str:
    """What the exception says, from its encoded args: `str` of it may be anybody's code."""
    return ", ".join(str(a) for a in args if type(a) in _SCALARS)[:_MAX_MESSAGE]


def _places(error: BaseException) -> list[_Place]:
    """Where it was raised, and above that who called: outermost first, bounded in between."""
    trace: TracebackType | None = _own(error, BaseException.__traceback__)
    if trace is None:
        return []
    callers = list(_calling(trace.tb_frame.f_back))
    first: list[_Place] = []
    last: deque[_Place] = deque(maxlen=_LAST_FRAMES)
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith(_OURS):
            place = (code.co_filename, trace.tb_lineno, code.co_name)
            (first if len(first) < _FIRST_FRAMES else last).append(place)
        trace = trace.tb_next
    return [*reversed(callers), *first, *last]


def _calling(frame: FrameType | None) -> Iterator[_Place]:
    left = _CALLERS
    while frame is not None and left:
        code = frame.f_code
        if not code.co_filename.startswith(_OURS):
            left -= 1
            yield (code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
