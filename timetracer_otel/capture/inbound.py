"""What ASGI and WSGI have in common: what is left out, and what frameworks know besides."""

from __future__ import annotations

import os
from functools import lru_cache

from timetracer_otel.protocols.http_parts import HttpRequestRef
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.recording.current import current_entry, current_trace
from timetracer_otel.sampling.patterns import matches
from timetracer_otel.sampling.rules import path_refusal

__all__ = ["is_excluded", "is_untraced", "note_raised", "note_route"]


def is_excluded(path: str) -> bool:
    """Whether a request for `path` is left out, whatever else is in it: nothing is noted of it."""
    recorder = active_recorder()
    if recorder is None:
        return False
    if recorder.switch.is_off:
        record = current_trace()
        if record is not None and record.discarded:
            record.discard("switched off")
            return True
    if recorder.settings.debug_key:  # a header may choose the request
        return False
    return bool(path_refusal(recorder.settings, path))


def is_untraced(path: str) -> bool:
    """Whether OpenTelemetry's own variables leave out requests for `path`."""
    patterns = _untraced()
    return bool(patterns) and matches(patterns, path)


@lru_cache(maxsize=1)
def _untraced() -> tuple[str, ...]:
    names = ("OTEL_PYTHON_EXCLUDED_URLS", *(f"OTEL_PYTHON_{kind}_EXCLUDED_URLS" for kind in _KINDS))
    found = ",".join(os.environ.get(name, "") for name in names).split(",")
    return tuple(pattern.strip() for pattern in found if pattern.strip())


_KINDS = ("WSGI", "FLASK", "DJANGO", "AIOHTTP_SERVER")


def note_route(route: str) -> None:
    """The running request was routed by this template."""
    with guarded("route"):
        entry = current_entry()
        request = entry.request if entry is not None else None
        if route and isinstance(request, HttpRequestRef):
            request.route = route


def note_raised(error: BaseException) -> None:
    """The application raised `error`, and its framework is about to answer in its place."""
    with guarded("raised"):
        entry = current_entry()
        if entry is not None:
            entry.also_raised(error)
