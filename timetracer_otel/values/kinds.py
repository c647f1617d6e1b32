"""The words the value codec is written in: what one row of its table says about one class.

A row is a `Leaf` (its payload holds no other values) or a `Branch` (it does). Rows are data:
a class more costs one row in the file of its family, and no edit anywhere else.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

__all__ = [
    "Branch",
    "Copy",
    "Decode",
    "Encode",
    "Foreign",
    "JsonValue",
    "Leaf",
    "MissingDriver",
    "array_of",
    "fields_of",
    "text_of",
]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What `json.dumps` writes and `json.loads` gives, and nothing else."""

Encode: TypeAlias = Callable[[object], JsonValue]
"""Encodes a value inside another; knows how deep it is and what is around it."""

Decode: TypeAlias = Callable[[JsonValue], Any]
"""Decodes a value inside another; knows how deep it is."""

Copy: TypeAlias = Callable[[Any], Any]
"""Takes a snapshot of a value inside another."""


class MissingDriver(Exception):
    """A class of the table cannot be had in this process; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A class of a library that may not be installed, named without importing it.

    `modules` are the modules that have defined it over the versions of the library, the
    current one first. `evidence` is a module that tells the right library from another one
    of the same import name.
    """

    modules: tuple[str, ...]
    name: str
    distribution: str
    evidence: str = ""

    def is_genuine(self, kind: type) -> bool:
        """Whether `kind` is this very class, not one that carries its name. Imports nothing."""
        if self.evidence and self.evidence not in sys.modules:
            return False
        homes = (sys.modules.get(module) for module in self.modules)
        return any(getattr(home, self.name, None) is kind for home in homes)

    def load(self) -> type[Any]:
        """The class, its library imported if need be. Raises `MissingDriver`."""
        if self.evidence and _module(self.evidence) is None:
            raise MissingDriver(self._advice)
        for module in self.modules:
            found: type[Any] | None = getattr(_module(module), self.name, None)
            if found is not None:
                return found
        raise MissingDriver(self._advice)

    @property
    def _advice(self) -> str:
        return (
            f"it needs `{self.modules[0]}.{self.name}` of the `{self.distribution}` package, "
            f"which cannot be imported here: pip install {self.distribution}"
        )


def _module(name: str) -> ModuleType | None:
    try:
        return sys.modules.get(name) or importlib.import_module(name)
    except ImportError:
        return None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A class whose payload holds no other values.

    `load` gets the class and the payload. `copy` is set for mutable classes only.
    """

    tag: str
    meaning: str
    of: type[Any] | Foreign
    dump: Callable[[Any], JsonValue]
    load: Callable[[Any, JsonValue], object]
    copy: Callable[[Any], object] | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """A class whose payload holds other values. `copy` is set for mutable classes only."""

    tag: str
    meaning: str
    of: type[Any] | Foreign
    dump: Callable[[Any, Encode], JsonValue]
    load: Callable[[Any, JsonValue, Decode], object]
    copy: Callable[[Any, Copy], object] | None = None


def text_of(payload: JsonValue) -> str:
    """`payload` if it is a string; else a TypeError that says what it is."""
    if type(payload) is not str:
        raise TypeError(f"a string was expected, not {type(payload).__name__}")
    return payload


def array_of(payload: JsonValue, length: int | None = None) -> list[JsonValue]:
    """`payload` if it is an array (of `length` items); else a TypeError or ValueError."""
    if type(payload) is not list:
        raise TypeError(f"an array was expected, not {type(payload).__name__}")
    if length is not None and len(payload) != length:
        raise ValueError(f"{length} items were expected, not {len(payload)}")
    return payload


def fields_of(payload: JsonValue, *names: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """`payload` if it is an object with the fields `names`; else a TypeError or ValueError."""
    if type(payload) is not dict:
        raise TypeError(f"an object was expected, not {type(payload).__name__}")
    missing = [name for name in names if name not in payload]
    unknown = [name for name in payload if name not in names and name not in optional]
    if missing or unknown:
        raise ValueError(f"missing fields {missing}, unknown fields {unknown}")
    return payload
