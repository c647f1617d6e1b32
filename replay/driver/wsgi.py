"""Sends recorded requests to a WSGI application in this very process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from wsgiref.util import FileWrapper

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import CannotReplay
from timetracer_otel.protocols.bodies import wire
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.protocols.wsgi import environ_of
from timetracer_otel.replay.driver.in_process import NO_ENTRY

__all__ = ["Application", "send"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def send(app: Application, cassette: Cassette) -> None:
    """Send the recorded entry; the answer is in the replay's own recording."""
    entry = cassette.entry
    if not isinstance(entry, HttpInteraction):
        raise CannotReplay(subject=cassette.trace_id, reason=NO_ENTRY)
    request = entry.request
    headers, chunks = wire(request.headers, request.body, title=entry.title)
    environ = environ_of(request, headers, b"".join(chunks))
    environ["wsgi.errors"] = sys.stderr
    environ["wsgi.file_wrapper"] = FileWrapper
    with suppress(Exception):  # recorded with the entry, and judged there
        _Gateway(_taken_by_client(entry)).run(app, environ)


def _taken_by_client(entry: HttpInteraction) -> int | None:
    """Bytes of the response after which the recorded client left; None if it stayed."""
    body = entry.response.body if entry.response is not None else None
    if body is None or entry.raised is not None:  # it broke off by itself, and does so again
        return None
    return body.size if body.state in ("aborted", "open", "partial") else None


class _Gateway:
    """What PEP 3333 asks of a server, as far as an application can tell."""

    def __init__(self, takes: int | None) -> None:
        self._sent = False
        self._left = takes

    def run(self, app: Application, environ: dict[str, Any]) -> None:
        answer = app(environ, self.start_response)
        try:
            for chunk in answer:
                self.write(chunk)
                if self._left is not None and self._left <= 0:
                    break  # the client leaves again: what streams for ever is closed
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def start_response(self, _status: str, _headers: Any, exc_info: Any = None) -> Any:
        if exc_info and self._sent:  # too late for another answer
            raise exc_info[1].with_traceback(exc_info[2])
        return self.write

    def write(self, data: bytes) -> None:
        self._sent = self._sent or bool(data)
        if self._left is not None:
            self._left -= len(data)
