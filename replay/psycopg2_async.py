"""Asynchronous connections of psycopg2 in a replay: answers come when they are polled."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from timetracer_otel.dbapi_calls import Origin
from timetracer_otel.interaction import decode_error
from timetracer_otel.replay.database_answers import raise_recorded_refusal
from timetracer_otel.replay.recorded_failures import was_cancelled

__all__ = ["Polling"]

_POLL_OK, _POLL_READ = 0, 1


class Polling:
    """What comes next to an asynchronous connection: that it is open, then answers.

    It can be read from as soon as something is due, and is polled twice for each: the network
    would have let others run.
    """

    def __init__(self, origin: Origin) -> None:
        self._ends = os.pipe()
        self._coming: Callable[[], None] | None = None
        self._never = False
        self._polled = 0
        self.is_refused = False
        self.comes(self._refusal(origin) or (lambda: None))

    def _refusal(self, origin: Origin) -> Callable[[], None] | None:
        try:
            raise_recorded_refusal(origin)
        except Exception as error:  # noqa: BLE001 - whatever was recorded
            self.is_refused = True
            return _raising(error)
        return None

    def fileno(self) -> int:
        """Something that can be read when an answer is due."""
        return self._ends[0]

    def comes(self, answer: Callable[[], None]) -> None:
        """`answer` is due."""
        self._coming, self._polled = answer, 0
        os.write(self._ends[1], b"\0")

    def asks(self, ask: Callable[[], Any], answered: Callable[[Any], None]) -> None:
        """What `ask` finds in the recording is due; what was broken off then, never."""
        found = ask()
        if was_cancelled(found.error):
            self._never = True
            return
        if found.error is not None and found.error.stage != "poll":  # refused as it was sent
            raise decode_error(found.error)
        self.comes(lambda: answered(found))

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._never or self._coming is not None

    def poll(self) -> int:
        """As psycopg2's; raises what was recorded."""
        if self._never:
            return _POLL_READ
        if self._coming is None:
            return _POLL_OK
        self._polled += 1
        if self._polled == 1:
            return _POLL_READ
        coming, self._coming = self._coming, None
        os.read(self._ends[0], 1)
        coming()
        return _POLL_OK

    def close(self) -> None:
        """Nothing comes any more."""
        ends, self._ends = self._ends, (-1, -1)
        for end in ends:
            if end >= 0:
                os.close(end)


def _raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail
