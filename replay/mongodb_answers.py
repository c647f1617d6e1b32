"""The other end of a connection to MongoDB: messages in, recorded messages out."""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

from timetracer_otel.capture.pymongo_wire import OWN
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.protocols.bson_documents import bson_of
from timetracer_otel.protocols.mongodb import MongodbInteraction, MongodbRequestRef
from timetracer_otel.protocols.mongodb_wire import (
    Message,
    begins_with,
    expects_no_reply,
    message_of,
    plain,
    reply_to,
)
from timetracer_otel.recording.flow import CURRENT_FLOW, step_back
from timetracer_otel.replay.mongodb_topology import hello_of
from timetracer_otel.replay.sessions import answer, current_request_session, current_session

__all__ = ["Answers", "failing_now"]


class Answers:
    """What one connection is answered. `broken` is what its reader raises next."""

    def __init__(self) -> None:
        self.unread = bytearray()
        self.broken: BaseException | None = None
        self._connection: weakref.ref[Any] | None = None
        self._asked: MongodbRequestRef | None = None
        self._reply_id = 0

    def belongs_to(self, connection: Any) -> None:
        """The connection whose other end this is."""
        self._connection = weakref.ref(connection)

    def ask(self, data: bytes) -> None:
        """The client sends a message: have its answer ready.

        Raises `MissingRecording`, `CannotReplay`, and what sending raised when it was recorded.
        """
        self.unread.clear()
        data = plain(bytes(data))
        connection = self._connection() if self._connection is not None else None
        if connection is not None and (connection.is_sdam or not connection.ready):
            self._greet(message_of(data), connection)
        elif begins_with(data, OWN):
            self._reply(message_of(data), bson_of({"ok": 1.0}))
        else:
            self._serve(data, MongodbRequestRef(data))

    def ask_on(self) -> None:
        """The client waits for one more reply to what was answered already."""
        if self._asked is not None and not self.unread and self.broken is None:
            asked = self._asked
            self._serve(asked.message, MongodbRequestRef(asked.message, "next"))

    def _greet(self, message: Message, connection: Any) -> None:
        """A connection's set-up: what the server said of itself; nobody needs to log in."""
        self._reply(message, bson_of(hello_of(connection)))

    def _serve(self, data: bytes, ref: MongodbRequestRef) -> None:
        token = step_back()
        try:
            found = answer("mongodb", "pymongo", ref)
        finally:
            CURRENT_FLOW.reset(token)
        if not isinstance(found, MongodbInteraction):
            raise CannotReplay(subject=found.title, reason="it is no command of MongoDB")
        self._asked = None
        if found.error is not None:
            error = decode_error(found.error)
            if found.error.stage == "send":
                raise error
            self.broken = error
            return
        response = found.response
        if response is None:
            raise CannotReplay(subject=found.title, reason="no reply had come when it was recorded")
        if response.truncated:
            raise CannotReplay(
                subject=found.title,
                reason="its reply was too big to be kept when it was recorded",
                hint="raise `max_trace_kb` or `max_memory_mb` and record it again",
            )
        if expects_no_reply(data):
            return
        message = message_of(data)
        request_id = message.request_id if ref.operation == "command" else self._reply_id
        self._reply_id = request_id
        document = bson_of(response.reply, response.raw)
        self.unread += reply_to(request_id, document, more=response.more, legacy=message.legacy)
        if response.more:
            self._asked = ref

    def _reply(self, message: Message, document: bytes) -> None:
        self.unread += reply_to(message.request_id, document, legacy=message.legacy)

    def break_if_broken(self) -> None:
        """Raise what reading raised when it was recorded."""
        error, self.broken = self.broken, None
        if error is not None and not isinstance(error, asyncio.CancelledError):
            raise error

    @property
    def never_comes(self) -> bool:
        """Whether the client gave up waiting when it was recorded: it will again."""
        return isinstance(self.broken, asyncio.CancelledError)


def failing_now(operation: str, subject: str = "") -> BaseException | None:
    """What kept the request from asking when it was recorded, if it is its turn."""
    ref = MongodbRequestRef(operation=operation, subject=subject)
    token = step_back()
    try:
        session = current_request_session()
        if session is not None:
            found = session.take_if_due("mongodb", ref)
        else:
            outside = current_session()
            taken = outside.take_if_recorded("mongodb", ref, "bootstrap") if outside else None
            found = taken
    finally:
        CURRENT_FLOW.reset(token)
    return decode_error(found.error) if found is not None and found.error is not None else None
