"""Recorded failures, raised again at the edge of each library.

A cancelled call is none of the outside world's doing but the application's, by a timeout or from
another task: it waits until that happens again, and says so when nothing does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from timetracer_otel.cassette import Interaction
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import RecordedError, decode_error
from timetracer_otel.replay.sessions import current_request_session, current_session

__all__ = [
    "fail_again",
    "fail_again_later",
    "nobody_cancels",
    "patience_s",
    "refused_connection",
    "wait_to_be_cancelled",
    "was_cancelled",
]

_PATIENCE_S = 3.0
"""How much longer than the whole recording took a call waits to be cancelled."""

_CANCELLATIONS = frozenset({("asyncio.exceptions", "CancelledError"), ("trio", "Cancelled")})

Sleep = Callable[[float], Awaitable[object]]


def was_cancelled(error: RecordedError | None) -> bool:
    """Whether the call ended because its task was cancelled.

    Trio's nurseries, in one of which a connection is opened, tell that by a group.
    """
    if error is None:
        return False
    if error.members:
        return all(map(was_cancelled, error.members))
    return (error.module, error.type) in _CANCELLATIONS


def patience_s() -> float:
    """How long a call waits that was cancelled when it was recorded: timers are real."""
    session = current_session()
    recorded_s = session.cassette.duration_us / 1e6 if session is not None else 0.0
    return recorded_s + _PATIENCE_S


def nobody_cancels(title: str) -> CannotReplay:
    """What a call ends in that waits for a cancellation in vain."""
    return CannotReplay(
        subject=title,
        reason="it was cancelled when it was recorded, and now nothing cancels it",
        hint="record the request again",
    )


def refused_connection(protocol: str, connect_ref: Any) -> Interaction | None:
    """The recorded failure to open the connection of `connect_ref`, if it is its turn.

    Outside of any request: a server that was never reached then is never reached now.
    """
    session = current_request_session()
    if session is not None:
        return session.take_if_due(protocol, connect_ref)
    outside = current_session()
    mine: list[Any] = [
        found
        for found in (outside.cassette.bootstrap if outside is not None else [])
        if found.__struct_config__.tag == protocol
        and getattr(found.request, "server", "") == connect_ref.server
    ]
    refused = [found for found in mine if found.request.operation == "connect"]
    return refused[0] if refused and len(refused) == len(mine) else None


async def wait_to_be_cancelled(title: str, sleep: Sleep = asyncio.sleep) -> NoReturn:
    """Wait for who cancelled the call when it was recorded; raise `CannotReplay` in the end."""
    await sleep(patience_s())
    raise nobody_cancels(title)


async def fail_again_later(title: str, error: RecordedError) -> NoReturn:
    """Raise what was recorded, in a coroutine."""
    if was_cancelled(error):
        await wait_to_be_cancelled(title)
    raise decode_error(error)


def fail_again(title: str, error: RecordedError, wait: Callable[[float], None]) -> NoReturn:
    """Raise what was recorded; `wait` lets other tasks run for so many seconds."""
    if was_cancelled(error):
        wait(patience_s())
        raise nobody_cancels(title)
    raise decode_error(error)
