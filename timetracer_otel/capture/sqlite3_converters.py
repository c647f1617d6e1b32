"""Converters that the application registers with sqlite3, and what they made of a row's cells."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any

from timetracer_otel.recording import guarded
from timetracer_otel.values import Converted, is_exactly_known

__all__ = ["converter_of", "has_converters", "registering", "with_sources"]

_MOST_CELLS = 2000
"""SQLite's own limit of columns: what more was converted belongs to rows that nobody notes."""

_REGISTERED: dict[str, Callable[[bytes], Any]] = {}


class _Made(threading.local):
    """What the converters of this thread made of which bytes, since the last row."""

    def __init__(self) -> None:
        self.values: deque[tuple[object, Converted]] = deque(maxlen=_MOST_CELLS)


_made = _Made()


def registering(original: Callable[..., Any]) -> Callable[..., Any]:
    """`register_converter`, of functions that note what cannot be kept by value."""

    @wraps(original)
    def register_converter(name: Any, converter: Any, /) -> Any:
        if not isinstance(name, str) or not callable(converter):
            return original(name, converter)
        key = name.upper()
        _REGISTERED[key] = converter

        def convert(raw: bytes) -> Any:
            value = converter(raw)
            if not is_exactly_known(type(value)):
                with guarded("sqlite3 converter"):
                    _made.values.append((value, Converted(key, raw)))
            return value

        return original(name, convert)

    return register_converter


def converter_of(name: str) -> Callable[[bytes], Any] | None:
    """The application's own, as it was registered."""
    return _REGISTERED.get(name)


def has_converters() -> bool:
    """Whether the application has registered any."""
    return bool(_REGISTERED)


def with_sources(row: Any) -> Any:
    """`row` with the bytes in place of what converters made of them."""
    if not _made.values:
        return row
    sources = {id(value): source for value, source in _made.values}
    found = tuple(sources.get(id(cell), cell) for cell in row)
    _made.values.clear()
    return found
