"""Where in a request the code is: the ancestors' names with ordinals.

Spans alone cannot tell the tasks of an `asyncio.gather` or of a thread pool apart, so each
task and each thread that a request starts becomes a step of the path too, numbered in the
order of creation, which is the same in the recording and in its replay.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from itertools import chain
from typing import Any

__all__ = ["CURRENT_FLOW", "SEPARATOR", "Aside", "Flow", "step_aside", "step_back"]

SEPARATOR = " › "

_new = object.__new__


class Flow:
    """One step of the logical path, below the step `above`. The root's path is empty.

    The path is put together when it is first asked for: most spans are never asked.
    """

    __slots__ = ("_counts", "_name", "_ordinal", "_path", "above", "span_id")

    def __init__(self, path: str, span_id: int) -> None:
        self.span_id = span_id
        self._path: str | None = path
        self.above: Flow | None = None
        self._name = ""
        self._ordinal = 0
        self._counts: dict[str, int] | None = None

    def child(self, name: str, span_id: int) -> Flow:
        """The next step of that name: ``name#1``, then ``name#2``, and so on."""
        counts = self._counts
        if counts is None:
            counts = self._counts = {}
        # dict operations on one key are atomic enough: two threads numbering children of one
        # flow at once have no defined order in the application either
        ordinal = counts.get(name, 0) + 1
        counts[name] = ordinal
        below = _new(Flow)
        below.span_id = span_id
        below._path = None
        below.above = self
        below._name = name
        below._ordinal = ordinal
        below._counts = None
        return below

    def packed(self) -> tuple[object, ...]:
        """The same in strings and numbers, which the garbage collector need not look at."""
        above = self.above.path if self.above is not None else None
        return self.path, above, *chain.from_iterable((self._counts or {}).items())

    @classmethod
    def unpacked(cls, packed: tuple[Any, ...], span_id: int) -> Flow:
        """The step again that was `packed`, for what comes below it now."""
        path, above, *counts = packed
        flow = cls(path, span_id)
        flow.above = cls(above, 0) if above is not None else None
        flow._counts = dict(zip(counts[::2], counts[1::2], strict=True)) if counts else None
        return flow

    @property
    def path(self) -> str:
        """The steps from the root to here: ``load#1 › GET#2``."""
        if self._path is None:
            steps, flow = [], self
            while flow._path is None and flow.above is not None:  # no recursion: spans nest deep
                steps.append(f"{flow._name}#{flow._ordinal}")
                flow = flow.above
            if flow._path:
                steps.append(flow._path)
            self._path = SEPARATOR.join(reversed(steps))
        return self._path


CURRENT_FLOW: ContextVar[Flow | None] = ContextVar("timetracer_flow", default=None)
"""The task's or thread's own step; wins over the span's while that span is current."""


class Aside(Flow):
    """No step of the request: what a driver does for itself while the request waits for it.

    Tasks and threads that are started there are not numbered; clock reads and draws are neither
    kept nor given. `of` is the step that the request stepped aside from.
    """

    __slots__ = ("of",)

    def __init__(self, of: Flow | None) -> None:
        self.of = of
        self.span_id = _NOWHERE
        self._path = ""
        self.above = None
        self._counts = None


_NOWHERE = -1


def step_aside() -> Token[Flow | None]:
    """From here on the running code is a driver's own; `CURRENT_FLOW.reset` ends it."""
    now = CURRENT_FLOW.get()
    return CURRENT_FLOW.set(now if type(now) is Aside else Aside(now))


def step_back() -> Token[Flow | None]:
    """From here on it is the request's again, in the midst of what a driver does for itself."""
    now = CURRENT_FLOW.get()
    return CURRENT_FLOW.set(now.of if isinstance(now, Aside) else now)
