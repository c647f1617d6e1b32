"""Where in a request the code is: the ancestors' names with ordinals.

Spans alone cannot tell the tasks of an `asyncio.gather` or of a thread pool apart, so each
task and each thread that a request starts becomes a step of the path too, numbered in the
order of creation, which is the same in the recording and in its replay.
"""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["CURRENT_FLOW", "Flow"]

SEPARATOR = " › "


class Flow:
    """One step of the logical path. The root's path is empty."""

    __slots__ = ("_counts", "path", "span_id")

    def __init__(self, path: str, span_id: int) -> None:
        self.path = path
        self.span_id = span_id
        self._counts: dict[str, int] = {}

    def child(self, name: str, span_id: int) -> Flow:
        """The next step of that name: ``name#1``, then ``name#2``, and so on."""
        # dict operations on one key are atomic enough: two threads numbering children of one
        # flow at once have no defined order in the application either
        ordinal = self._counts.get(name, 0) + 1
        self._counts[name] = ordinal
        step = f"{name}#{ordinal}"
        return Flow(f"{self.path}{SEPARATOR}{step}" if self.path else step, span_id)


CURRENT_FLOW: ContextVar[Flow | None] = ContextVar("timetracer_flow", default=None)
"""The task's or thread's own step; wins over the span's while that span is current."""
