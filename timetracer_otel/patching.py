"""The only place that assigns to attributes of other packages.

A patch is data: where, and how the replacement is made from the original. A ledger applies
patches and takes them back, in reverse, leaving the very objects it found.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import wrapt

__all__ = [
    "Change",
    "Ledger",
    "Patch",
    "PatchIfPresent",
    "WhenImported",
    "original_of",
]

_LOG = logging.getLogger("timetracer_otel")
_MARK = "__timetracer_original__"


class Change(Protocol):
    """Something done to another package that can be undone."""

    def apply(self) -> Callable[[], None]:
        """Do it, and return what undoes it. Raises ImportError or AttributeError if it cannot."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Replace ``"module:Class.attribute"`` by ``wrap(original)``."""

    target: str
    wrap: Callable[[Any], Any]

    def apply(self) -> Callable[[], None]:
        if self in _COVERED:  # still there from the last time, below another's wrapper
            return lambda: None
        owner, name = resolve(self.target)
        inherited = isinstance(owner, type) and name not in vars(owner)
        original = getattr(owner, name) if inherited else vars(owner)[name]
        replacement = self.wrap(original)
        _mark(replacement, original)
        setattr(owner, name, replacement)

        def undo() -> None:
            present = vars(owner).get(name)
            if present is not replacement:
                self._take_out_of(present, replacement, original)
            elif inherited:
                delattr(owner, name)
            else:
                setattr(owner, name, original)

        return undo

    def _take_out_of(self, outer: Any, replacement: Any, original: Any) -> None:
        """From under the wrappers that others put around it since, which stay."""
        while hasattr(type(outer), "__wrapped__"):  # wrapt's: what they hold can be exchanged
            if outer.__wrapped__ is replacement:
                outer.__wrapped__ = original
                return
            outer = outer.__wrapped__
        # a closure keeps it; it passes everything through, and is not put there twice
        _COVERED.add(self)


_COVERED: set[Patch] = set()


@dataclass(frozen=True, slots=True)
class PatchIfPresent:
    """A patch of something that not every version of its package has."""

    target: str
    wrap: Callable[[Any], Any]

    def apply(self) -> Callable[[], None]:
        try:
            owner, name = resolve(self.target)
        except (ImportError, AttributeError):
            return lambda: None
        return Patch(self.target, self.wrap).apply() if hasattr(owner, name) else lambda: None


def resolve(target: str) -> tuple[Any, str]:
    """The object that holds the attribute, and the attribute's name."""
    module, _, dotted = target.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = dotted.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name


def _mark(replacement: Any, original: Any) -> None:
    if replacement is original:
        return
    # a descriptor, or an instance without a __dict__, cannot carry it
    with suppress(AttributeError, TypeError):
        setattr(replacement, _MARK, original)


def original_of(function: Any) -> Any:
    """The function under our patch, or `function` itself."""
    return getattr(function, _MARK, function)


class Ledger:
    """What was changed, to be taken back in reverse order."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply all of `changes`, or none: a failure takes back what this call did."""
        mark = len(self._undo)
        try:
            for change in changes:
                self._undo.append(change.apply())
        except BaseException:
            self._restore_to(mark)
            raise

    def restore(self) -> None:
        """Take everything back."""
        self._restore_to(0)

    def _restore_to(self, mark: int) -> None:
        while len(self._undo) > mark:
            undo = self._undo.pop()
            try:
                undo()
            except Exception as error:  # noqa: BLE001 - the others are to be restored all the same
                _LOG.warning("a patch could not be taken back: %s", error)


@dataclass(frozen=True)
class WhenImported:
    """Apply `changes` as soon as `module` is imported; at once where it is already.

    A module that the application never imports is never imported for its sake. `applied` is
    called after the changes were made.
    """

    module: str
    changes: tuple[Change, ...]
    applied: Callable[[], None] = lambda: None

    def apply(self) -> Callable[[], None]:
        ledger = Ledger()
        if self.module in sys.modules:
            ledger.apply(self.changes)
            self.applied()
            return ledger.restore
        waiting = [True]

        def on_import(_module: object) -> None:
            if not waiting:
                return
            waiting.clear()
            try:
                ledger.apply(self.changes)
                self.applied()
            except Exception as error:  # noqa: BLE001 - an import of the application must not fail for it
                _LOG.warning("%s cannot be captured: %s", self.module, error)

        # a hook cannot be taken back: once nothing waits for it, it does nothing
        wrapt.register_post_import_hook(on_import, self.module)

        def undo() -> None:
            waiting.clear()
            ledger.restore()

        return undo
