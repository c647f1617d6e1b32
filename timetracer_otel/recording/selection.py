"""What the sampling rules are told of an open or a complete trace."""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef, RawHeaders
from timetracer_otel.sampling.rules import Headers, Request, Rules, path_refusal
from timetracer_otel.settings import Settings

if TYPE_CHECKING:
    from timetracer_otel.recording.trace import TraceRecord

__all__ = ["Selection", "has_failed"]

_USERS = ("enduser.id", "enduser.pseudo.id", "user.id", "user.name")
"""Attributes by which OpenTelemetry's conventions name who asked."""

_CLIENT_ERRORS = range(400, 500)
_SERVER_ERROR = 500


class Selection:
    """Which traces of a recording are kept. A replay keeps every one."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time) -> None:
        self._settings = settings
        self._rules = Rules(settings)
        self._now = now
        records = settings.mode == "record"
        self.looks_early = records and self._rules.looks_early
        self._looks_late = records and self._rules.looks_late
        self.asks_for_users = records and bool(settings.users)

    def look_early(self, record: TraceRecord, request: object) -> None:
        """The request has come in: note whether it is chosen, or refused whatever comes of it."""
        if not isinstance(request, HttpRequestRef):
            return
        headers = _headers_of(request.headers)
        if self._rules.chooses(headers, self._now()):
            record.chosen = True
            return
        refusal = path_refusal(self._settings, _path_of(request.url)) if self._by_key else ""
        refusal = refusal or self._rules.early(record.trace_id, headers)
        if refusal:
            record.discard(refusal)

    @property
    def _by_key(self) -> bool:
        """With a debug header about, the path does not decide before the headers are seen."""
        return bool(self._settings.debug_key)

    def note_user(self, record: TraceRecord, span: ReadableSpan) -> None:
        """A span of the trace has ended: it may name who asked."""
        attributes = span.attributes or {}
        record.users += tuple(str(attributes[name]) for name in _USERS if name in attributes)

    def refusal(self, record: TraceRecord) -> str:
        """Why a complete trace is not kept, or an empty string (worker)."""
        return self._rules.late(_request_of(record), self._now()) if self._looks_late else ""


def has_failed(record: TraceRecord) -> bool:
    """Whether the request raised, answered 500 or more, or its span says that it failed."""
    entry, root = record.entry, record.root_span
    status = _status_of(record)
    if status >= _SERVER_ERROR or (entry is not None and entry.error is not None):
        return True
    if entry is not None and entry.raised is not None and status not in _CLIENT_ERRORS:
        return True  # a 404 may be an exception that a framework answers for
    return root is not None and root.status.status_code is StatusCode.ERROR


def _request_of(record: TraceRecord) -> Request:
    asked = record.entry.request if record.entry is not None else None
    http = asked if isinstance(asked, HttpRequestRef) else None
    return Request(
        trace_id=record.trace_id,
        method=http.method if http is not None else "",
        path=_path_of(http.url) if http is not None else "",
        route=http.route if http is not None else "",
        status=_status_of(record),
        failed=has_failed(record),
        duration_ms=_duration_ms(record),
        headers=_headers_of(http.headers if http is not None else ()),
        users=record.users,
        chosen=record.chosen,
    )


def _status_of(record: TraceRecord) -> int:
    response = record.entry.response if record.entry is not None else None
    return response.status if isinstance(response, HttpResponseRef) else 0


def _duration_ms(record: TraceRecord) -> float:
    if record.entry is not None:
        return record.entry.duration_ns / 1e6
    root = record.root_span
    return ((root.end_time or 0) - (root.start_time or 0)) / 1e6 if root is not None else 0.0


def _path_of(url: object) -> str:
    rest = str(url).partition("://")[2].partition("?")[0]
    return "/" + unquote(rest.partition("/")[2])


def _headers_of(pairs: RawHeaders) -> Headers:
    def value(name: str) -> str | None:
        wanted = name.encode("latin-1")
        for key, found in pairs:
            if bytes(key).lower() == wanted:
                return bytes(found).decode("latin-1")
        return None

    return value
