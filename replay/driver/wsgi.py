"""Sends recorded requests to a WSGI application in this very process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from wsgiref.util import FileWrapper

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import CannotReplay
from timetracer_otel.protocols.bodies import wire_chunks
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.protocols.wsgi import environ_of

__all__ = ["Application", "send"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def send(app: Application, cassette: Cassette) -> None:
    """Send the recorded entry; the answer is in the replay's own recording."""
    entry = cassette.entry
    if not isinstance(entry, HttpInteraction):
        raise CannotReplay(subject=cassette.trace_id, reason="it has no inbound request")
    body = entry.request.body
    data = b"".join(wire_chunks(body, title=entry.title)) if body is not None else b""
    environ = environ_of(entry.request, data)
    environ["wsgi.errors"] = sys.stderr
    environ["wsgi.file_wrapper"] = FileWrapper
    with suppress(Exception):  # recorded with the entry, and judged there
        _Gateway().run(app, environ)


class _Gateway:
    """What PEP 3333 asks of a server, as far as an application can tell."""

    def __init__(self) -> None:
        self._sent = False

    def run(self, app: Application, environ: dict[str, Any]) -> None:
        answer = app(environ, self.start_response)
        try:
            for chunk in answer:
                self.write(chunk)
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
