"""What capture modules call: the recorder in force, at the running code's place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry.trace.propagation import _SPAN_KEY

from timetracer_otel.recording.context import get_current
from timetracer_otel.recording.draft import Draft, Scope

if TYPE_CHECKING:
    from timetracer_otel.recording.recorder import Recorder
    from timetracer_otel.recording.trace import TraceRecord

__all__ = [
    "IN_FORCE",
    "activate",
    "active_recorder",
    "begin",
    "begin_entry",
    "begins_here",
    "current_entry",
    "current_paths",
    "current_place",
    "current_root",
    "current_trace",
    "deactivate",
    "discard_trace",
    "is_unrecorded",
    "unrecorded",
]


class _InForce:
    __slots__ = ("recorder",)

    def __init__(self) -> None:
        self.recorder: Recorder | None = None


IN_FORCE = _InForce()
"""Looked at where a call of `active_recorder` would cost as much as what it decides about."""

_UNRECORDED: ContextVar[bool] = ContextVar("timetracer_unrecorded", default=False)


def activate(recorder: Recorder) -> None:
    """From now on capture modules write to `recorder`."""
    IN_FORCE.recorder = recorder


def deactivate(recorder: Recorder) -> None:
    """Capture modules pass everything through again, if `recorder` is the one in force."""
    if IN_FORCE.recorder is recorder:
        IN_FORCE.recorder = None


def active_recorder() -> Recorder | None:
    """The recorder in force, or None: then capture passes everything through."""
    return IN_FORCE.recorder


def current_trace() -> TraceRecord | None:
    """The open trace that the running code belongs to; None when nothing records here."""
    recorder = IN_FORCE.recorder
    return recorder.current_trace() if recorder is not None else None


def current_place() -> tuple[TraceRecord, str] | None:
    """The open trace and the path of the running code; None when nothing records here."""
    recorder = IN_FORCE.recorder
    return recorder.current_place() if recorder is not None else None


def current_entry() -> Draft | None:
    """The inbound request that the running code answers; None where none is recorded."""
    place = current_place()
    return place[0].entry_at(place[1]) if place is not None else None


def begins_here() -> bool:
    """Whether a request that begins here came from outside: nothing further out records it."""
    recorder = IN_FORCE.recorder
    record = recorder.current_trace() if recorder is not None else None
    if recorder is None or record is None:
        return True
    paths = recorder.current_paths()
    return record.answers is not None and record.entry_at(paths[-1]) is None


def current_root() -> tuple[int, int] | None:
    """Trace ID and span ID of the local root that the running code belongs to, open or not."""
    recorder = IN_FORCE.recorder
    return recorder.current_root() if recorder is not None else None


def current_paths() -> tuple[str, ...]:
    """What `begin` would take for the path here: without and with the current span as its own."""
    recorder = IN_FORCE.recorder
    return recorder.current_paths() if recorder is not None else ("",)


def begin(
    protocol: str,
    library: str,
    request: object,
    *,
    scope: Scope = "trace",
    own_span: bool = False,
) -> Draft | None:
    """Begin an interaction at the running code's place; None when nothing records here.

    `own_span` says that the current span is the instrumentor's span of this very call (true
    inside httpx's transport, false inside a database driver). A call outside of any request is
    kept in the process's bootstrap.
    """
    recorder = IN_FORCE.recorder
    if recorder is None or _UNRECORDED.get():
        return None
    return recorder.begin(protocol, library, request, scope, own_span)


def begin_entry(protocol: str, library: str, request: object) -> Draft | None:
    """Begin the inbound interaction of the current trace; None when it has one or none records.

    Call with the SERVER span current. The draft holds the trace open until it is answered or
    failed, so background tasks that run within the call are waited for.
    """
    recorder = IN_FORCE.recorder
    span = get_current().get(_SPAN_KEY)
    if recorder is None or span is None:
        return None
    span_id: int = span.get_span_context().span_id  # type: ignore[attr-defined]
    return recorder.begin_entry(protocol, library, request, span_id)


@contextmanager
def unrecorded() -> Iterator[None]:
    """What is asked within is telemetry's own: not recorded, and not answered in a replay.

    For an exporter that sends cassettes away with a client that is captured.
    """
    token = _UNRECORDED.set(True)
    try:
        yield
    finally:
        _UNRECORDED.reset(token)


def is_unrecorded() -> bool:
    """Whether the running code is within `unrecorded`."""
    return _UNRECORDED.get()


def discard_trace(refusal: str) -> None:
    """Nothing of the current trace is recorded (an excluded path): not now, and not later.

    A test's is: what was excluded is one request of many.
    """
    record = current_trace()
    if record is not None and record.answers is None:
        record.discard(refusal)
