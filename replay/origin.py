"""Who makes a call: the library, and the line of the application that asked it to.

The stack says it, as far as it reaches. A task or a thread begins a stack of its own, and
remembers who began it.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from types import FrameType
from typing import Any

from timetracer_otel.patching import Change, Patch, WhenImported

__all__ = ["APPLICATION", "Origin", "following", "origin"]

APPLICATION = "the application"

_STDLIB = sysconfig.get_path("stdlib")
_SITE = ("site-packages", "dist-packages")
_OURS = "timetracer_otel"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call comes from.

    `packages` are those between it and the application's code, innermost first; `line` is that
    code's, or the innermost package's where no application is on the stack.
    """

    packages: tuple[str, ...]
    line: str
    is_applications: bool

    def library(self, known: Iterable[str]) -> str:
        """The package that the application called; one that is `known` says more than others."""
        if not self.packages:
            return APPLICATION
        order = self.packages[::-1] if self.is_applications else self.packages
        named = set(known)
        return next((package for package in order if package in named), order[0])


_BEGUN_BY: ContextVar[Origin | None] = ContextVar("timetracer_begun_by", default=None)


def origin() -> Origin:
    """Of the running code."""
    here = _of_stack(sys._getframe(1))
    if here.is_applications:
        return here
    begun = _BEGUN_BY.get()
    if begun is None:
        return here
    line = begun.line if begun.is_applications or not here.line else here.line
    return Origin((*here.packages, *begun.packages), line, begun.is_applications)


def _of_stack(frame: FrameType | None) -> Origin:
    packages: dict[str, None] = {}
    first = ""
    while frame is not None:
        file = frame.f_code.co_filename
        package, loop_functions = _known(file)
        if loop_functions and frame.f_code.co_name in loop_functions:
            break
        if package is None and not _is_ours(frame):
            return Origin(tuple(packages), f"{file}:{frame.f_lineno}", is_applications=True)
        if package and package != _OURS:
            first = first or f"{file}:{frame.f_lineno}"
            packages[package] = None
        frame = frame.f_back
    return Origin(tuple(packages), first, is_applications=False)


def _is_ours(frame: FrameType) -> bool:
    """In a checkout we are not among the installed packages."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _OURS


_LOOPS = {
    "asyncio/events.py": frozenset({"_run"}),
    "asyncio/base_events.py": frozenset({"run_forever", "run_until_complete"}),
    "asyncio/runners.py": frozenset({"run"}),
    "uvloop/__init__.py": frozenset({"run"}),
}
"""Where an event loop runs a step: who runs the loop did not make the call."""


@lru_cache(maxsize=8192)
def _known(file: str) -> tuple[str | None, frozenset[str] | None]:
    """Its package, and which of its functions run a loop's steps. Asked for every frame."""
    names = next((names for end, names in _LOOPS.items() if file.endswith(end)), None)
    return _package_of(file), names


def _package_of(file: str) -> str | None:
    """The installed package of a file; empty for Python's own, None for the application's."""
    parts = Path(file).parts
    for site in _SITE:
        if site in parts:
            return parts[parts.index(site) + 1].removesuffix(".py")
    return "" if file.startswith((_STDLIB, "<")) else None


def following() -> list[Change]:
    """Patches by which tasks and threads remember who began them."""
    return [
        Patch("asyncio.base_events:BaseEventLoop.create_task", _making_task),
        WhenImported("uvloop", (Patch("uvloop:Loop.create_task", _making_task),)),
        Patch("concurrent.futures.thread:ThreadPoolExecutor.submit", _submitting),
        Patch("threading:Thread.start", _starting),
        Patch("threading:Thread._bootstrap_inner", _running),
    ]


def _making_task(original: Callable[..., Any]) -> Callable[..., Any]:
    """A task copies the context as it is made."""

    @wraps(original)
    def create_task(self: Any, coro: Any, **keywords: Any) -> Any:
        return _as_begun_by(origin(), original, self, coro, **keywords)

    return create_task


def _submitting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
        begun = origin()

        @wraps(fn, updated=())
        def work(*args: Any, **keywords: Any) -> Any:
            return _as_begun_by(begun, fn, *args, **keywords)

        return original(self, work, *args, **keywords)

    return submit


def _starting(original: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(original)
    def start(self: Any) -> None:
        self._timetracer_begun_by = origin()
        original(self)

    return start


def _running(original: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(original)
    def bootstrap(self: Any) -> None:
        begun = self.__dict__.pop("_timetracer_begun_by", None)
        if begun is None:
            original(self)
        else:
            _as_begun_by(begun, original, self)

    return bootstrap


def _as_begun_by(
    begun: Origin, function: Callable[..., Any], /, *args: Any, **keywords: Any
) -> Any:
    token = _BEGUN_BY.set(begun)
    try:
        return function(*args, **keywords)
    finally:
        _BEGUN_BY.reset(token)
