"""The server's side of one connection to Redis, answered from the recording."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from typing import Any

from timetracer_otel.capture.redis_wire import server_of
from timetracer_otel.cassette import Interaction
from timetracer_otel.errors import CannotReplay, MissingRecording
from timetracer_otel.interaction import decode_error
from timetracer_otel.protocols.redis import RedisInteraction, RedisRequestRef
from timetracer_otel.protocols.redis_commands import nature_of, self_evident_reply
from timetracer_otel.protocols.redis_subscriptions import Subscriptions
from timetracer_otel.protocols.resp import commands_in, error_line, readable, wire_reply
from timetracer_otel.replay.recorded_failures import refused_connection
from timetracer_otel.replay.sessions import (
    Miss,
    answer,
    current_request_session,
    take_if_recorded,
)

__all__ = ["Answers", "Closed", "NotSent", "NothingYet", "Waiting", "refused_now"]

_CLOSED = "Connection closed by server."


class Closed(Exception):
    """The server closed the connection here."""


class NothingYet(Exception):
    """A subscriber looked, and there was nothing."""


class Waiting(Exception):
    """Nothing ever came: the application gave up by itself."""


class NotSent(Exception):
    """The recorded call could not be sent: `error` is what was raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Answers:
    """Takes what a client sends, and has the bytes that it is to read.

    `refusal` is a recorded failure of this very connection to be opened. What cannot be read
    because nothing more was recorded is either waited for (outside of a request, and where the
    application sets the time) or a `MissingRecording`.
    """

    def __init__(self, connection: Any, refusal: RedisInteraction | None) -> None:
        self._connection = weakref.ref(connection)
        self._server = server_of(connection)
        self._refusal = refusal
        self._chunks: list[bytes] = []
        self._unread = bytearray()
        self._broken: BaseException | None = None
        self._short = ""
        self._subscriptions: Subscriptions | None = None
        self._confirmations: deque[bytes] = deque()
        self._next: RedisInteraction | None = None
        self._polls = 0
        self.setting_up = False

    # -- opening ------------------------------------------------------------------------------

    def open(self) -> None:
        """Raises what the network raised when it was recorded, if it did."""
        refusal = self._refusal
        if refusal is not None and refusal.error is not None and refusal.error.stage == "connect":
            raise root_of(decode_error(refusal.error))

    # -- sending ------------------------------------------------------------------------------

    def take(self, data: bytes) -> None:
        """The client writes."""
        self._chunks.append(bytes(data))

    def flush(self) -> None:
        """What the client has written is one call: have its answer ready.

        Raises `MissingRecording`, and `NotSent`.
        """
        chunks, self._chunks = tuple(self._chunks), []
        if not chunks:
            return
        expected, own = nature_of(chunks, subscribed=self._subscriptions is not None)
        commands = commands_in(b"".join(chunks))
        if self._refusal is not None and self.setting_up and self._fails_at(commands[0]):
            return
        ref = RedisRequestRef(chunks, "call", self._server)
        if self.setting_up or own:
            self._set_up(ref, commands)
        else:
            self._serve(answer("redis", "redis", ref), len(commands), expected)
        if not expected:
            self._subscribe(commands)

    def _fails_at(self, command: list[bytes]) -> bool:
        """Whether this is the command of the set-up that was refused."""
        refusal = self._refusal
        if refusal is None or refusal.error is None or not refusal.request.commands:
            return False
        name = refusal.request.commands[0][0]
        if str(name).upper() != command[0].decode("utf-8", "replace").upper():
            return False
        error = decode_error(refusal.error)
        self._broken = error if error_line(error) is not None else root_of(error)
        return True

    def _set_up(self, ref: RedisRequestRef, commands: list[list[bytes]]) -> None:
        """Opening a connection needs no recording of just that."""
        expected, _ = nature_of(ref.chunks, subscribed=False)
        found = take_if_recorded("redis", ref, "bootstrap")
        if found is not None:
            self._serve(found, len(commands), expected)
            return
        reply = self_evident_reply([readable(argument) for argument in commands[0]])
        if reply is not None:
            self._unread += wire_reply(reply, resp3=self._resp3)
        elif expected:  # else it subscribes again, which messages confirm
            self._serve(answer("redis", "redis", ref, "bootstrap"), len(commands), expected)

    def _serve(self, found: Interaction, sent: int, expected: int) -> None:
        if not isinstance(found, RedisInteraction):
            raise CannotReplay(subject=found.title, reason="it is no interaction with Redis")
        if found.error is not None:
            error = decode_error(found.error)
            if found.error.stage == "send":
                raise NotSent(error)
            self._broken = root_of(error)
            return
        if found.response is None:
            self._short = found.title
            return
        for reply in found.response.replies:
            self._unread += wire_reply(reply, resp3=self._resp3)
        if found.response.error is not None:
            self._broken = root_of(decode_error(found.response.error))
        elif expected and len(found.response.replies) < sent:
            self._short = found.title

    @property
    def _resp3(self) -> bool:
        return str(getattr(self._connection(), "protocol", 2)) == "3"

    # -- messages -----------------------------------------------------------------------------

    def _subscribe(self, commands: list[list[bytes]]) -> None:
        if self._subscriptions is None:
            self._subscriptions = Subscriptions()
        for command in commands:
            for kind, channel, count in self._subscriptions.note(command):
                reply = [kind.decode(), None if channel is None else readable(channel), count]
                self._confirmations.append(wire_reply(reply, resp3=self._resp3, push=True))

    @property
    def subscribed(self) -> bool:
        """Whether messages may come."""
        return self._subscriptions is not None

    def _message(self) -> None:
        """The next message into what can be read, if it is its turn. Raises `NothingYet`."""
        if self._subscriptions is None:
            return
        self._schedule()
        if self._polls:
            self._polls -= 1
            raise NothingYet
        if self._next is not None:
            found, self._next = self._next, None
            replies = found.response.replies if found.response is not None else []
            data = b"".join(wire_reply(r, resp3=self._resp3, push=True) for r in replies)
            if self._confirmations and self._confirmations[0] == data:
                self._confirmations.popleft()
            self._unread += data
        elif self._confirmations:
            self._unread += self._confirmations.popleft()

    def _schedule(self) -> None:
        if self._next is not None or self._subscriptions is None:
            return
        session = current_request_session()
        if session is None:
            return
        ref = RedisRequestRef(self._subscriptions.chunks(), "message", self._server)
        found = session.take_if_due("redis", ref)
        if isinstance(found, RedisInteraction):
            self._next = found
            self._polls = found.response.polls if found.response is not None else 0

    # -- reading ------------------------------------------------------------------------------

    def ready(self) -> int:
        """How many bytes can be read at once."""
        if not self._unread and self._broken is None:
            try:
                self._message()
            except NothingYet:
                return 0
        return len(self._unread)

    def read(self, size: int, *, forever: bool) -> bytes | None:
        """At most `size` bytes; None where there is nothing and nothing is due.

        Raises what broke the connection, `Closed`, `NothingYet`, `Waiting`, `MissingRecording`.
        `forever` says that the client would wait without an end.
        """
        if not self._unread:
            self._break()
            self._message()
        if not self._unread:
            self._refuse(forever)
            return None
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def _break(self) -> None:
        error, self._broken = self._broken, None
        if error is not None:
            raise error

    def _refuse(self, forever: bool) -> None:
        if self._short:
            reason = "its reply had not been read when it was recorded"
            raise CannotReplay(subject=self._short, reason=reason)
        session = current_request_session()
        if forever and self._subscriptions is not None and session is not None:
            session.outcome.misses.append(Miss("redis", "message"))
            raise MissingRecording(
                library="redis", asked="message", nearest="", difference="", cassette=session.name
            )


def root_of(error: BaseException) -> BaseException:
    """What the network did for the client to raise `error`; the client then raises it again."""
    met: BaseException | None = error
    while met is not None:
        if isinstance(met, asyncio.CancelledError):
            return Waiting()
        if isinstance(met, OSError):
            return met
        if isinstance(met, EOFError) or (met.args and met.args[0] == _CLOSED):
            return Closed()
        met = met.__cause__ or met.__context__
    return error


def refused_now(connection: Any) -> RedisInteraction | None:
    """The recorded failure to open this connection, if it is its turn."""
    ref = RedisRequestRef((), "connect", server_of(connection))
    found = refused_connection("redis", ref)
    return found if isinstance(found, RedisInteraction) else None
