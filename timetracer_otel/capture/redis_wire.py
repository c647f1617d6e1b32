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
from timetracer_otel.recording import Draft, begin, guarded
from timetracer_otel.recording.current import current_trace
from timetracer_otel.recording.draft import Scope

__all__ = ["Asked", "Wire", "server_of", "wire_of"]

_GRANT_FROM = 1024
"""Smaller than that, values are not counted one by one: a trace has a bounded number of them."""


class Asked:
    """What was sent together, and its replies so far; without a draft where nothing records.

    What is the connection's `own` is kept only where it went well: what went wrong with it is
    noted as a connection that did not come about, or mended before the request goes on.
    """

    __slots__ = ("chunks", "draft", "expected", "own", "replies", "wire")

    def __init__(
        self, wire: Wire, draft: Draft | None, chunks: tuple[bytes, ...], expected: int, own: bool
    ) -> None:
        self.wire = wire
        self.own = own
        self.draft = draft
        self.chunks = chunks
        self.expected = expected
        self.replies: list[Any] = []

    def sent(self) -> None:
        """It is on its way. Nested traffic (a health check) has been answered by now."""
        if self.wire.setting_up:
            self.wire.last = self.chunks
        if self.expected:
            self.wire.waiting.append(self)
            return
        with guarded("redis subscribe"):
            self.wire.subscribed(self.chunks)
            self.answered()

    def not_sent(self, error: BaseException) -> None:
        """It could not be sent. Where no connection came about, that has been noted instead."""
        with guarded("redis send"):
            if self.draft is not None and (self.own or self.wire.refused):
                self.draft.abandon()
            elif self.draft is not None:
                self.draft.failed(error, "send")

    def answered(self) -> None:
        """All replies are there that will come."""
        if self.draft is not None:
            self.draft.answered(RedisResponseRef(self.replies, 0, self.wire.encoding))

    def broke(self, error: BaseException) -> None:
        """The connection broke while its replies were read."""
        if self.draft is not None and self.own:
            self.draft.abandon()
        elif self.draft is not None and self.replies:
            failure = Failure.of(error)
            self.draft.answered(RedisResponseRef(self.replies, 0, self.wire.encoding, failure))
        elif self.draft is not None:
            self.draft.failed(error, "read")

    def unread(self) -> None:
        """The connection is gone, and nobody read them."""
        if self.draft is not None and self.own:
            self.draft.abandon()
        else:
            self.answered()


class Wire:
    """What a connection has been asked and not yet answered, in order.

    `setting_up` says that its traffic is its own and no request's; `reading`, that a reply is
    being read: the client disconnects first where that fails, and raises then. `refused` says
    that no connection came about, and `last` what was sent last to set it up. `packed` is what a
    pipeline packed last, and of how many commands. A connection is used by one task or thread at
    a time, as redis-py's pools have it.
    """

    __slots__ = (
        "_polls",
        "_server",
        "_subscriptions",
        "encoding",
        "last",
        "packed",
        "reading",
        "refused",
        "setting_up",
        "waiting",
    )

    def __init__(self, connection: Any) -> None:
        self.waiting: deque[Asked] = deque()
        self._subscriptions: Subscriptions | None = None
        self._polls = 0
        self.refused = False
        self.last: tuple[bytes, ...] = ()
        self._server = server_of(connection)
        self.encoding: str = connection.encoder.encoding
        self.packed: tuple[Any, int] | None = None
        self.reading = False
        self.setting_up = False

    # -- asking -------------------------------------------------------------------------------

    def asks(self, command: Any) -> Asked:
        """`command` is about to be sent."""
        self.refused = False
        if type(command) is list and len(command) == 1 and type(command[0]) is bytes:
            chunks: tuple[bytes, ...] = (command[0],)
        else:
            chunks = _chunks(command)
        packed, self.packed = self.packed, None
        if packed is not None and packed[0] is command and packed[1] > 1:
            expected, own = packed[1], False
        else:
            expected, own = nature_of(chunks, subscribed=self._subscriptions is not None)
        ref = RedisRequestRef(chunks, "call", self._server)
        own = own or self.setting_up
        scope: Scope = "bootstrap" if own else "trace"
        draft = begin("redis", "redis", ref, scope=scope, own_span=True)
        if draft is not None:
            size = len(chunks[0]) if len(chunks) == 1 else sum(map(len, chunks))
            if size > _GRANT_FROM and not draft.trace.grant(size):
                draft.abandon()
                draft = None
        return Asked(self, draft, chunks, expected, own)

    def subscribed(self, chunks: tuple[bytes, ...]) -> None:
        """A subscription was sent, or the end of one."""
        if self._subscriptions is None:
            self._subscriptions = Subscriptions()
        for command in commands_in(b"".join(chunks)):
            self._subscriptions.note(command)

    # -- replies ------------------------------------------------------------------------------

    def got(self, reply: Any) -> None:
        """A reply was read, or a message."""
        waiting = self.waiting
        if not waiting:
            self._came(reply)
            return
        asked = waiting[0]
        draft = asked.draft
        if draft is not None:
            kept, size = keep_reply(reply)
            refused = False
            if self.setting_up:
                kept = without_number(kept)
                refused = self._refuses(asked, kept)
            if refused or (size > _GRANT_FROM and not draft.trace.grant(size)):
                draft.abandon()
                asked.draft = None
            asked.replies.append(kept)
        asked.expected -= 1
        if not asked.expected:
            waiting.popleft()
            asked.answered()

    def _refuses(self, asked: Asked, kept: Any) -> bool:
        """Whether the set-up ends here: that is noted as a connection that could not be opened."""
        return isinstance(kept, ErrorReply) and first_word(asked.chunks[0]) != b"CLIENT"

    def raised(self, error: BaseException) -> None:
        """Reading raised `error`: a reply that is one, or the connection broke."""
        if error_line(error) is not None:
            self.got(error)
            return
        while self.waiting:
            self.waiting.popleft().broke(error)

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
                draft.answered(RedisResponseRef([kept], polls, self.encoding))

    def found_nothing(self) -> None:
        """A subscriber looked, and nothing was there."""
        if self._subscriptions is not None and not self.waiting:
            self._polls += 1

    # -- the connection -----------------------------------------------------------------------

    def begin_set_up(self) -> bool:
        """From here on its traffic is its own; gives what `end_set_up` takes."""
        before, self.setting_up = self.setting_up, True
        self.last = ()
        return before

    def end_set_up(self, before: bool) -> None:
        """The phase that `begin_set_up` began is over."""
        self.setting_up = before

    def not_set_up(self, connection: Any, before: bool, error: BaseException) -> None:
        """A connection that cannot be opened is an answer of the request that wanted it."""
        self.setting_up = before
        self.refused = True
        ref = RedisRequestRef(self.last, "connect", self._server)
        draft = begin("redis", "redis", ref, own_span=True)
        if draft is not None:
            draft.failed(error, "set-up" if self.last else "connect")

    def close(self) -> None:
        """The connection is gone: what was not read stays unread."""
        self._subscriptions = None
        while self.waiting and not self.reading:
            self.waiting.popleft().unread()

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
