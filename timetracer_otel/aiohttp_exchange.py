"""One exchange of aiohttp's client, told from the bytes that pass on its connection."""

from __future__ import annotations

import sys
from asyncio import CancelledError
from typing import Any

from timetracer_otel.http_exchange import Exchange, Passing
from timetracer_otel.protocols.aiohttp_errors import root_of
from timetracer_otel.protocols.http_wire import MAX_READS, WireRequestRef, WireResponseRef

__all__ = ["PASSING", "WireExchange", "timeout_of"]

_SWITCHING_PROTOCOLS = 101

PASSING: dict[Any, WireExchange] = {}
"""Exchanges that are not over, by the protocol of their connection."""

_FROM_ABOVE = frozenset({CancelledError, TimeoutError})
"""What ends a call from outside of it. Other errors are the application's: it wants no more."""


class WireExchange:
    """One exchange, from the moment that it has a connection.

    `is_sent` when the body went out as a whole (what ends its framing may follow),
    `is_starting` while the library waits for status and headers, `content` while the answer's
    body is yet to come, `is_over` once nothing more can come; the connection may live on. Until
    then it is found in `PASSING`.
    """

    __slots__ = (
        "_answered",
        "_exchange",
        "_lost",
        "_protocol",
        "_reads",
        "_received",
        "_ref",
        "_sending",
        "_timer",
        "content",
        "is_over",
        "is_sent",
        "is_starting",
    )

    def __init__(self, exchange: Exchange, ref: WireRequestRef, timer: Any, protocol: Any) -> None:
        self._exchange = exchange
        self._ref = ref
        self._timer = timer
        self._protocol = protocol
        self._sending: Passing | None = None
        self.is_sent = False
        self._received: list[bytes] = []
        self._reads: list[int] = []
        self._answered: Passing | None = None
        self.content: Any = None
        self._lost: BaseException | None = None
        self.is_starting = False
        self.is_over = False
        PASSING[protocol] = self

    # -- the request ----------------------------------------------------------------------------

    def wrote(self, data: Any) -> None:
        """`data` went out: the head first, then the body in its framing."""
        if not self._ref.head:
            head, end, data = bytes(data).partition(b"\r\n\r\n")
            self._ref.head = head + end
        if data:
            if self._sending is None:
                self._sending = self._exchange.sending()
            self._sending.feed(data)

    # -- the response ---------------------------------------------------------------------------

    def arrived(self, data: bytes) -> None:
        """`data` is about to be parsed. Pieces that nobody waited for are told as one."""
        protocol = self._protocol
        waiting = protocol._waiter or getattr(protocol._payload, "_waiter", None)
        if waiting is None and self._reads:
            self._reads[-1] += len(data)
        elif len(self._reads) <= MAX_READS:
            self._reads.append(len(data))
        if self._answered is None:
            self._received.append(data)
        else:
            self._answered.feed(data)

    def parsed(self) -> None:
        """What arrived has been taken; its framing or its coding may be broken."""
        if self.content is not None and self.content.exception() is not None:
            self._broke_off(self.content.exception())

    def answered(self, response: Any) -> None:
        """The final status and headers have come."""
        ref = WireResponseRef(
            status=response.status,
            headers=list(response.raw_headers),
            reason=response.reason or "",
            version=response.version,
            reads=self._reads,
        )
        if self._sending is not None:
            self._upload_ended()
        content, received = response.content, self._received
        whole = response.status == _SWITCHING_PROTOCOLS or (  # what follows is no HTTP
            content.is_eof() and content.exception() is None
        )
        if whole and len(received) == 1:  # all of it came at once, as most do
            self._exchange.answered_whole(ref, received[0])
            self._over()
            return
        answered = self._answered = self._exchange.answered(ref)
        for data in received:
            answered.feed(data)
        self._received = []
        if whole:
            self._complete()
            return
        self.content = content
        content.on_eof(self._complete)
        self.parsed()
        if self._lost is not None:
            self._broke_off(self._lost)

    def _upload_ended(self) -> None:
        if self.is_sent and self._sending is not None:
            self._sending.ended()

    def _complete(self) -> None:
        if not self.is_over and self._answered is not None:
            self._answered.ended()
            self._over()

    # -- what goes wrong ------------------------------------------------------------------------

    def failed(self, error: BaseException, stage: str) -> None:
        """`error` is what the application gets instead of a response."""
        if self.is_over:
            return
        if isinstance(self._lost, OSError) and isinstance(error, OSError):
            error = self._lost
        self._upload_ended()
        self._exchange.failed(timeout_of(self._timer) or root_of(error), stage)
        if self._received:
            self._exchange.received(b"".join(self._received))
        self._over()

    def lost(self, error: BaseException | None) -> None:
        """The peer has gone, or the network has."""
        if self.is_over:
            return
        if self._answered is None:
            self._lost = error
        elif error is not None:
            self._broke_off(error)
        else:
            self.parsed()

    def given_up(self) -> None:
        """The client closes the connection before the exchange has come to its end."""
        error = timeout_of(self._timer) or sys.exception()
        if self._answered is not None:
            self._left(error if type(error) in _FROM_ABOVE else None)
        elif error is not None:
            self.failed(error, "send")
        elif not self.is_starting:
            self._exchange.abandon()
            self._over()

    def _left(self, error: BaseException | None) -> None:
        if self.content is not None and self.content.is_eof():
            self._complete()  # its end is what the connection is closed for
        elif error is not None:
            self._broke_off(error)
        elif self._answered is not None:
            self._answered.left()
            self._over()

    def timed_out(self, error: BaseException) -> None:
        """Nothing came for as long as the client waits."""
        if self._answered is not None:
            self._broke_off(error)

    def _broke_off(self, error: BaseException) -> None:
        if not self.is_over and self._answered is not None:
            self._answered.broke_off(error)
            self._over()

    def _over(self) -> None:
        self.is_over = True
        PASSING.pop(self._protocol, None)
        self.content = self._timer = self._lost = self._protocol = None
        self._received = []


def timeout_of(timer: Any) -> BaseException | None:
    """The limit for the whole request, if it was reached: it cancels, and says so later."""
    return TimeoutError() if getattr(timer, "_cancelled", False) else None
