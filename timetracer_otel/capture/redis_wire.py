"""One connection to Redis while it is recorded: what was asked, and which reply belongs to it."""

from __future__ import annotations

from collections import deque
from typing import Any

from timetracer_otel.interaction.failures import Failure
from timetracer_otel.protocols.redis import RedisRequestRef, RedisResponseRef
from timetracer_otel.protocols.redis_commands import nature_of, without_number
from timetracer_otel.protocols.redis_subscriptions import Subscriptions
from timetracer_otel.protocols.resp import (
    ErrorReply,
    commands_in,
    error_line,
    first_word,
    keep_reply,
)
from timetracer_otel.recording import Draft, begin
from timetracer_otel.recording.current import current_trace

__all__ = ["Asked", "Wire", "server_of", "wire_of"]

_GRANT_FROM = 1024
"""Smaller than that, values are not counted one by one: a trace has a bounded number of them."""


class Asked:
    """What was sent together, and its replies so far; without a draft where nothing records."""

    __slots__ = ("answer", "chunks", "draft", "expected")

    def __init__(self, draft: Draft | None, chunks: tuple[bytes, ...], expected: int) -> None:
        self.draft = draft
        self.chunks = chunks
        self.expected = expected
        self.answer = RedisResponseRef()


class Wire:
    """What a connection has been asked and not yet answered, in order.

    `setting_up` says that its traffic is its own and no request's; `reading`, that a reply is
    being read: the client disconnects first where that fails, and raises then. A connection is
    used by one task or thread at a time, as redis-py's pools have it.
    """

    __slots__ = (
        "_encoding",
        "_last",
        "_polls",
        "_refused",
        "_server",
        "_subscriptions",
        "_waiting",
        "reading",
        "setting_up",
    )

    def __init__(self, connection: Any) -> None:
        self._waiting: deque[Asked] = deque()
        self._subscriptions: Subscriptions | None = None
        self._polls = 0
        self._refused = False
        self._last: tuple[bytes, ...] = ()
        self._server = server_of(connection)
        self._encoding: str = connection.encoder.encoding
        self.reading = False
        self.setting_up = False

    # -- asking -------------------------------------------------------------------------------

    def asks(self, connection: Any, command: Any) -> Asked:
        """`command` is about to be sent."""
        self._refused = False
        chunks = _chunks(command)
        subscribed = self._subscriptions is not None
        expected, own = nature_of(chunks, subscribed=subscribed)
        draft = begin(
            "redis",
            "redis",
            RedisRequestRef(chunks, "call", self._server),
            scope="bootstrap" if self.setting_up or own else "trace",
            own_span=True,
        )
        if draft is not None:
            size = sum(map(len, chunks))
            if size > _GRANT_FROM and not draft.trace.grant(size):
                draft.abandon()
                draft = None
        asked = Asked(draft, chunks, expected)
        asked.answer.encoding = self._encoding
        return asked

    def sent(self, asked: Asked) -> None:
        """It is on its way. Nested traffic (a health check) has been answered by now."""
        if self.setting_up:
            self._last = asked.chunks
        if asked.expected:
            self._waiting.append(asked)
            return
        if self._subscriptions is None:
            self._subscriptions = Subscriptions()
        for command in commands_in(b"".join(asked.chunks)):
            self._subscriptions.note(command)
        if asked.draft is not None:
            asked.draft.answered(asked.answer)

    def not_sent(self, asked: Asked, error: BaseException) -> None:
        """It could not be sent. Where no connection came about, that has been noted instead."""
        if asked.draft is None:
            return
        if self._refused:
            asked.draft.abandon()
        else:
            asked.draft.failed(error, "send")

    # -- replies ------------------------------------------------------------------------------

    def got(self, reply: Any) -> None:
        """A reply was read, or a message."""
        if not self._waiting:
            self._came(reply)
            return
        asked = self._waiting[0]
        draft, answer = asked.draft, asked.answer
        if draft is not None:
            kept, size = keep_reply(reply)
            refused = self._refuses(asked, kept)
            if refused or (size > _GRANT_FROM and not draft.trace.grant(size)):
                draft.abandon()
                asked.draft = draft = None
            answer.replies.append(without_number(kept) if self.setting_up else kept)
        asked.expected -= 1
        if not asked.expected:
            self._waiting.popleft()
            if draft is not None:
                draft.answered(answer)

    def _refuses(self, asked: Asked, kept: Any) -> bool:
        """Whether the set-up ends here: that is noted as a connection that could not be opened."""
        failed = isinstance(kept, ErrorReply) and self.setting_up
        return failed and first_word(asked.chunks[0]) != b"CLIENT"

    def raised(self, error: BaseException) -> None:
        """Reading raised `error`: a reply that is one, or the connection broke."""
        if error_line(error) is not None:
            self.got(error)
            return
        while self._waiting:
            asked = self._waiting.popleft()
            if asked.draft is None:
                continue
            if asked.answer.replies:
                asked.answer.error = Failure.of(error)
                asked.draft.answered(asked.answer)
            else:
                asked.draft.failed(error, "read")

    def _came(self, reply: Any) -> None:
        """Something that was not asked for: a message, or the confirmation of a subscription.

        Outside of any request it is nobody's: a listener in the background never ends.
        """
        if reply is None:
            self.found_nothing()
            return
        polls, self._polls = self._polls, 0
        if self._subscriptions is None or current_trace() is None:
            return
        chunks = self._subscriptions.chunks()
        ref = RedisRequestRef(chunks, "message", self._server)
        draft = begin("redis", "redis", ref, own_span=True)
        if draft is not None:
            kept, size = keep_reply(reply)
            if size > _GRANT_FROM and not draft.trace.grant(size):
                draft.abandon()
            else:
                draft.answered(RedisResponseRef([kept], polls, self._encoding))

    def found_nothing(self) -> None:
        """A subscriber looked, and nothing was there."""
        if self._subscriptions is not None and not self._waiting:
            self._polls += 1

    # -- the connection -----------------------------------------------------------------------

    def begin_set_up(self) -> bool:
        """From here on its traffic is its own; gives what `end_set_up` takes."""
        before, self.setting_up = self.setting_up, True
        return before

    def end_set_up(self, before: bool) -> None:
        """The phase that `begin_set_up` began is over."""
        self.setting_up = before

    def not_set_up(self, connection: Any, before: bool, error: BaseException) -> None:
        """A connection that cannot be opened is an answer of the request that wanted it."""
        self.setting_up = before
        self._refused = True
        said = error_line(error) is not None
        chunks = self._last if said else ()
        ref = RedisRequestRef(chunks, "connect", self._server)
        draft = begin("redis", "redis", ref, own_span=True)
        if draft is not None:
            draft.failed(error, "set-up" if said else "connect")

    def close(self) -> None:
        """The connection is gone: what was not read stays unread."""
        self._subscriptions = None
        while self._waiting and not self.reading:
            draft, answer = (asked := self._waiting.popleft()).draft, asked.answer
            if draft is not None and draft.scope == "bootstrap":
                draft.abandon()
            elif draft is not None:
                draft.answered(answer)

    def __del__(self) -> None:
        self.reading = False
        self.close()


def wire_of(connection: Any) -> Wire:
    """The connection's own, made when first asked for."""
    wire: Wire | None = connection.__dict__.get("_timetracer_wire")
    if wire is None:
        wire = connection._timetracer_wire = Wire(connection)
    return wire


def server_of(connection: Any) -> str:
    """``host:port/database``, or the socket's path."""
    place = getattr(connection, "path", None)
    if place is None:
        place = f"{getattr(connection, 'host', '?')}:{getattr(connection, 'port', '?')}"
    return f"{place}/{getattr(connection, 'db', 0) or 0}"


def _chunks(command: Any) -> tuple[bytes, ...]:
    """What is sent, as bytes that nobody can change any more."""
    if isinstance(command, str):
        return (command.encode(),)
    if isinstance(command, bytes):
        return (command,)
    return tuple(chunk if type(chunk) is bytes else bytes(chunk) for chunk in command)

