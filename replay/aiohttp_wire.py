"""What aiohttp's client takes for a connection: recorded bytes come in, what goes out is read.

A piece of the recording is given when its reader waits for it, so that what is buffered, and
where it is cut, is as it was. An exchange ends as it ended: complete, with the peer gone, with
a limit of the client's reached, or not at all.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from timetracer_otel.interaction import decode_error
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.replay.aiohttp_exchange import Script, ServedExchange
from timetracer_otel.replay.recorded_failures import nobody_cancels, patience_s, was_cancelled

__all__ = ["RecordedTransport"]


class RecordedTransport(asyncio.Transport):
    """A transport to nowhere, for one protocol after the other's exchange."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._written: list[bytes] = []
        self._exchange: ServedExchange | None = None
        self._script: Script | None = None
        self._tunnel: bytes | None = None
        self._is_sent = False
        self._is_asking = False
        self._is_cut = False
        self._is_closing = False
        self._is_paused = False
        self._is_due = False
        protocol.connection_made(self)

    # -- what the connector and its taps say -----------------------------------------------------

    def begin(self, exchange: ServedExchange) -> None:
        """The next request on this connection."""
        self._exchange = exchange
        self._script = None
        self._tunnel = None
        self._written = []
        self._is_sent = False

    def tunnel(self, answer: bytes) -> None:
        """The next request is the connector's own, to a proxy; `answer` is what comes back."""
        self._tunnel = answer

    def sent(self, *, cut: bool = False) -> None:
        """The request has been written, but for what ends its framing; or it was `cut`."""
        if not self._is_sent:
            self._is_sent = self._is_asking = True
            self._is_cut = cut
            self._loop.call_soon(self._answer)

    def wanted(self) -> None:
        """Somebody is about to wait for more of the body."""
        if self._script is not None:
            self._soon()

    # -- asyncio.Transport -----------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._written and self._exchange is not None and self._exchange.asks_first:
            self._loop.call_soon(self._let_on)
        self._written.append(bytes(data))
        exchange = self._exchange
        if exchange is not None and exchange.is_cut and exchange.is_enough(b"".join(self._written)):
            self.sent(cut=True)

    def _let_on(self) -> None:
        if not self._is_closing and not self._is_sent:
            self._protocol.data_received(b"HTTP/1.1 100 Continue\r\n\r\n")

    def get_protocol(self) -> Any:
        return self._protocol

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._ask_late()
            self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def _ask_late(self) -> None:
        """What was written is asked for, even if nobody waits for the answer any more.

        From Python 3.12 on a body is written at once, and so may fail before `_answer` runs.
        """
        exchange = self._exchange
        if self._is_asking and self._tunnel is None and exchange is not None:
            with suppress(Exception):  # a miss is noted in the verdict
                exchange.complete(b"".join(self._written), cut=self._is_cut)

    def abort(self) -> None:
        self.close()

    def is_reading(self) -> bool:
        return not self._is_paused

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self.wanted()

    # -- the recording ---------------------------------------------------------------------------

    def _answer(self) -> None:
        if self._is_closing:
            return
        self._is_asking = False
        if self._tunnel is not None:
            self._protocol.data_received(self._tunnel)
            return
        if self._exchange is None:
            return
        try:
            recorded = self._exchange.complete(b"".join(self._written), cut=self._is_cut)
            self._script = Script(recorded)
        except Exception as error:  # noqa: BLE001 - whatever it is, its reader shall have it
            self._protocol.set_exception(error)
            return
        self._play()

    def _soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._play)

    def _play(self) -> None:
        """One piece, or the end; the head as a whole, of the body what is waited for."""
        self._is_due = False
        script = self._script
        if script is None or self._is_closing or self._is_paused:
            return
        if script.head_left <= 0 and not script.in_head and not self._is_waited_for():
            return
        if script.pieces:
            piece = script.pieces.popleft()
            script.head_left -= len(piece)
            self._protocol.data_received(piece)
            self._soon()
        else:
            self._script = None
            self._end(script)

    def _is_waited_for(self) -> bool:
        return getattr(self._protocol._payload, "_waiter", None) is not None

    def _end(self, script: Script) -> None:
        payload = self._protocol._payload
        if script.in_head:
            self._fail(script.error, script.title)
        elif payload is None or payload.is_eof() or payload.exception() is not None:
            return
        elif script.complete:
            self._lose(None)
        elif script.rest is not None:
            self._give(script.rest)
        else:
            self._fail(script.error, script.title)

    def _fail(self, error: RecordedError | None, title: str) -> None:
        """What the recording says came instead of more."""
        kind = error.type if error is not None else ""
        if error is None or kind in ("ServerDisconnectedError", "ClientPayloadError"):
            self._lose(None)
        elif was_cancelled(error):
            # the application gave up; it will again
            self._loop.call_later(patience_s(), self._give, nobody_cancels(title))
        elif kind == "SocketTimeoutError":
            self._protocol._on_read_timeout()
        elif kind == "TimeoutError":
            self._reach_limit()
        elif self._protocol.exception() is None:
            self._raise(error)

    def _raise(self, error: RecordedError) -> None:
        try:
            raised = decode_error(error)
        except Exception as unknown:  # noqa: BLE001 - whatever it is, its reader shall have it
            raised = unknown
        if isinstance(raised, OSError) and not isinstance(raised, TimeoutError):
            self._lose(raised)
        else:
            self._protocol.set_exception(raised)

    def _give(self, error: BaseException) -> None:
        """To whoever reads, the head or the body."""
        payload = self._protocol._payload
        if not self._is_closing and payload is not None and not payload.is_eof():
            payload.set_exception(error)
        elif not self._is_closing:
            self._protocol.set_exception(error)

    def _reach_limit(self) -> None:
        """The limit for the whole request."""
        timer: Any = self._exchange.request._timer if self._exchange is not None else None
        if hasattr(timer, "timeout"):
            timer.timeout()
        else:
            self._protocol.set_exception(TimeoutError())

    def _lose(self, error: BaseException | None) -> None:
        self._is_closing = True
        self._protocol.connection_lost(error)
