"""Tasks and threads that a request starts belong to it, each a numbered step of its path."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.recording.flow import CURRENT_FLOW, Flow

__all__ = ["LIBRARY"]


def _next_step(name: str) -> Flow | None:
    """The step of what the running code starts now; None outside of any recorded trace."""
    recorder = active_recorder()
    if recorder is None:
        return None
    step = None
    with guarded("concurrency"):
        flow = recorder.current_flow()
        if flow is not None:
            step = flow.child(name, flow.span_id)
    return step


def _numbered_task(original: Callable[..., Any]) -> Callable[..., Any]:
    """A task copies the current context as it is made: for that moment its step stands there."""

    @wraps(original)
    def create_task(self: Any, coro: Any, **keywords: Any) -> Any:
        step = _next_step("task") if keywords.get("context") is None else None
        if step is None:
            return original(self, coro, **keywords)
        token = CURRENT_FLOW.set(step)
        try:
            return original(self, coro, **keywords)
        finally:
            CURRENT_FLOW.reset(token)

    return create_task


class _Carried:
    """Work for another thread, in the trace and at the step that it was handed over from.

    Nothing else of the context goes along: the application's own variables stay as they were.
    """

    __slots__ = ("_context", "_step")

    def __init__(self, context: Context, step: Flow) -> None:
        self._context = context
        self._step = step

    def run(self, work: Callable[..., Any], args: Any, keywords: Any) -> Any:
        token = otel_context.attach(self._context)
        step = CURRENT_FLOW.set(self._step)
        try:
            return work(*args, **keywords)
        finally:
            CURRENT_FLOW.reset(step)
            otel_context.detach(token)


def _carried() -> _Carried | None:
    step = _next_step("thread")
    return _Carried(otel_context.get_current(), step) if step is not None else None


def _handing_over(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
        carried = _carried()
        if carried is None:
            return original(self, fn, *args, **keywords)

        @wraps(fn, updated=())
        def work(*args: Any, **keywords: Any) -> Any:
            return carried.run(fn, args, keywords)

        return original(self, work, *args, **keywords)

    return submit


_OUTLIVING = ("concurrent.futures", "opentelemetry", "timetracer_otel")
"""Packages whose threads serve every request, whichever of them started it."""


def _starting(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """A thread of the application's own, not a worker that outlives whoever started it."""

    @wraps(original)
    def start(self: Any) -> None:
        with guarded("thread start"):
            target = vars(self).get("_target") or type(self)
            if not str(getattr(target, "__module__", "")).startswith(_OUTLIVING):
                # not by assignment: a subclass may have a `__setattr__` of its own
                vars(self)["_timetracer_carried"] = _carried()
        original(self)

    return start


def _running(original: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(original)
    def bootstrap(self: Any) -> None:
        carried = self.__dict__.pop("_timetracer_carried", None)
        if carried is None:
            original(self)
        else:
            carried.run(original, (self,), {})

    return bootstrap


LIBRARY = Library(
    name="concurrency",
    protocol="",
    module="asyncio",
    distribution="",
    versions="",
    changes=(
        Patch("asyncio.base_events:BaseEventLoop.create_task", _numbered_task),
        WhenImported("uvloop", (Patch("uvloop:Loop.create_task", _numbered_task),)),
        Patch("concurrent.futures.thread:ThreadPoolExecutor.submit", _handing_over),
        Patch("threading:Thread.start", _starting),
        # `_bootstrap_inner` is where every thread begins, whatever `run` a subclass has
        Patch("threading:Thread._bootstrap_inner", _running),
    ),
)
