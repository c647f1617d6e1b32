"""One connection of PyMongo's: what is asked on it, and what came of it."""

from __future__ import annotations

import sys
import weakref
from collections.abc import MutableMapping
from typing import Any

from timetracer_otel.protocols.mongodb import MongodbRequestRef, MongodbResponseRef
from timetracer_otel.protocols.mongodb_wire import (
    begins_with,
    expects_no_reply,
    head,
    request_id_of,
)
from timetracer_otel.recording import Draft, begin

__all__ = ["OWN", "WIRES", "Wire", "end_of", "failed_to"]

OWN = (b"endSessions\0", b"killCursors\0")
"""The driver's housekeeping, done when it comes to it: nobody's request."""

_GRANT_FROM = 4096
"""Smaller than that is not counted: a request holds a bounded number of calls."""


class Wire:
    """Belongs to a connection; one thing at a time happens on it."""

    __slots__ = (
        "__weakref__",
        "_connection",
        "_draft",
        "_greeted",
        "_hello",
        "_streaming",
        "quiet",
    )

    def __init__(self, connection: Any) -> None:
        self._connection = weakref.ref(connection)
        self._draft: Draft | None = None
        self._greeted = False
        self._hello = False
        self.quiet = False
        self._streaming: MongodbRequestRef | None = None

    def asks(self, message: bytes) -> None:
        """`message` is about to be sent."""
        self._draft = None
        connection = self._connection()
        if connection is None:
            return
        if connection.is_sdam or not connection.ready:
            self._greets(message, _server(connection))
            return
        beginning = head(message)
        if begins_with(beginning, OWN):
            return
        self.quiet = expects_no_reply(beginning)
        ref = MongodbRequestRef(message, "command", _server(connection))
        self._draft = _granted(begin("mongodb", "pymongo", ref), len(message))

    def _greets(self, message: bytes, server: str) -> None:
        """Of a connection's set-up its first words are kept, and of a monitor's no others."""
        self._hello = not self._greeted
        if self._hello:
            self._greeted = True
            ref = MongodbRequestRef(message, "hello", server)
            self._draft = begin("mongodb", "pymongo", ref, scope="bootstrap")

    def sent(self) -> None:
        """It is on its way; who wants no answer has all there is."""
        draft = self._draft
        if draft is not None and self.quiet:
            self._draft = None
            self.quiet = False
            draft.answered(MongodbResponseRef())

    def waits(self, request_id: int | None) -> None:
        """A reply is about to be read; it may be another one to what was answered before."""
        if request_id is None and self._draft is None and self._streaming is not None:
            self._draft = begin("mongodb", "pymongo", self._streaming)

    def got(self, reply: Any) -> None:
        """A reply was read."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        document = getattr(reply, "payload_document", None)
        if document is None:  # the oldest form, still that of a first hello
            document = reply.documents
        answer = MongodbResponseRef(document, bool(reply.more_to_come), hello=self._hello)
        self._hello = False
        if len(document) > _GRANT_FROM and not draft.trace.grant(len(document)):
            answer.document, answer.truncated = None, True
            draft.trace.note_cut("reply", "more than the memory limits allow")
        self._streaming = None
        if answer.more and isinstance(draft.request, MongodbRequestRef):
            asked = draft.request
            self._streaming = MongodbRequestRef(asked.message, "next", asked.server)
        draft.answered(answer)

    def broke(self, error: BaseException, stage: str) -> None:
        """Sending or reading raised `error`."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        if self._hello:
            draft.abandon()
            return
        draft.failed(error, stage)
        connection = self._connection()
        if not isinstance(error, Exception) and connection is not None:
            _end_span(draft.request.message, connection.address)  # type: ignore[attr-defined]


def _end_span(message: bytes, address: object) -> None:
    """PyMongo tells its listeners nothing of a call that is cancelled.

    The instrumentor's span would never end, and its trace wait for it.
    """
    module = sys.modules.get("opentelemetry.instrumentation.pymongo")
    tracer = getattr(module and module.PymongoInstrumentor(), "_commandtracer_instance", None)
    spans = getattr(tracer, "_span_dict", {})
    span = spans.pop((request_id_of(message), address), None)
    if span is not None:
        span.end()


def _granted(draft: Draft | None, size: int) -> Draft | None:
    if draft is not None and size > _GRANT_FROM and not draft.trace.grant(size):
        draft.trace.note_cut("command", "more than the memory limits allow")
        draft.abandon()
        return None
    return draft


def _server(connection: Any) -> str:
    host, port = connection.address
    return f"{host}:{port}" if port is not None else str(host)


WIRES: MutableMapping[Any, Wire] = weakref.WeakKeyDictionary()
"""By what a connection sends on: its socket, or its protocol."""


def end_of(interface: Any) -> Any:
    """What a connection sends on."""
    return interface.get_conn


def failed_to(operation: str, subject: str, error: BaseException, server: str = "") -> None:
    """A request could not so much as ask: that is what came of it."""
    ref = MongodbRequestRef(operation=operation, subject=subject, server=server)
    draft = begin("mongodb", "pymongo", ref)
    if draft is not None:
        draft.failed(error, "connect")
