"""Asynchronous connections of psycopg2: what is asked is answered when they are polled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from timetracer_otel.dbapi_calls import Call, Origin, place_of_connecting
from timetracer_otel.recording import guarded

__all__ = ["Polled"]

_POLL_OK = 0


class Polled:
    """What an asynchronous connection waits for: to be open, and then for one answer at a time."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._place = place_of_connecting()
        self._is_open = self._is_refused = False
        self._waiting: tuple[Call, Callable[[Call], None]] | None = None
        self._last: Call | None = None

    def waits(self, call: Call, executed: Callable[[Call], None]) -> None:
        """`call` has been sent; `executed` notes its answer."""
        self._waiting = call, executed

    def poll(self, poll: Callable[[], int], connection: Any, opened: Callable[[], None]) -> int:
        """The connection's own `poll`, once, and a note of what it has found."""
        before = len(connection.notifies)
        try:
            state = poll()
        except BaseException as error:
            with guarded("psycopg2 poll"):
                self._failed(error)
            raise
        with guarded("psycopg2 poll"):
            if state == _POLL_OK and not self._is_open:
                self._is_open = True
                opened()
            elif state == _POLL_OK:
                self._answered()
            self._heard(connection.notifies[before:])
        return state

    def _answered(self) -> None:
        if self._waiting is None:
            return
        (call, executed), self._waiting = self._waiting, None
        self._last = call
        executed(call)

    def _failed(self, error: BaseException) -> None:
        if self._waiting is not None:
            (call, _), self._waiting = self._waiting, None
            call.failed(error, "poll")
        elif not (self._is_open or self._is_refused):  # it may be polled again
            self._is_refused = True
            self._origin.scope = "trace"
            refused = self._origin.begin("connect", "", self._place)
            if refused is not None:
                refused.failed(error, "connect")

    def _heard(self, notifies: Any) -> None:
        """A notification is kept with the call before it: that is when a replay gives it."""
        if notifies and self._last is not None:
            heard: Any = self._last.answer.extra.setdefault("notifies", [])
            heard.extend([one.pid, one.channel, one.payload] for one in notifies)

    def closes(self) -> None:
        """What waits now is not waited for any longer: the application has broken it off."""
        if self._waiting is not None:
            (call, _), self._waiting = self._waiting, None
            call.failed(asyncio.CancelledError(), "poll")
