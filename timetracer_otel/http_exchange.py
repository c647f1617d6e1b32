"""An HTTP exchange while it happens: the words that every client library notes one in.

::

    exchange = Exchange.begin("httpx", HttpRequestRef(…))   # None: nothing records here
    exchange.sends(b"whole") or exchange.sending()          # the request's body, if it has one
    exchange.answered(HttpResponseRef(…))                   # the headers have come: its body passes
    exchange.failed(error)                                  # or none of it came

A body that comes piece by piece is a `Passing`; `Noted` and `NotedLater` are iterators that
feed it from any iterable of chunks. Call all of it within `guarded`, but for the iterators,
which guard themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from timetracer_otel.interaction.body import Body
from timetracer_otel.interaction.failures import Failure
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import Draft, begin, guarded

__all__ = ["Exchange", "Noted", "NotedLater", "Passing"]

# `guarded` is entered only when there is something to guard against, wherever chunks pass
_IN_BODY = guarded("http body")


class Passing:
    """A body on its way: chunks as they pass, and how it ended. Nothing in here raises."""

    __slots__ = ("_body", "_response")

    def __init__(self, body: Body, response: HttpResponseRef | None = None) -> None:
        self._body = body
        self._response = response

    def feed(self, chunk: bytes) -> None:
        """`chunk` passed."""
        try:
            self._body.feed(chunk)
        except Exception:
            with _IN_BODY:
                raise

    def ended(self) -> None:
        """All of it has passed."""
        try:
            self._body.finish()
        except Exception:
            with _IN_BODY:
                raise

    def left(self) -> None:
        """Its reader wants no more of it."""
        if self._body.state == "open":
            with _IN_BODY:
                self._body.finish("partial")

    def broke_off(self, error: BaseException) -> None:
        """`error` came instead of more."""
        with _IN_BODY:
            if isinstance(error, GeneratorExit):
                self._body.finish("partial")
                return
            if self._response is not None and self._body.state == "open":
                self._response.error = Failure.of(error)
            self._body.finish("aborted")


class Exchange:
    """One request and what came back. Closes once, however it ends."""

    __slots__ = ("_draft", "request")

    def __init__(self, draft: Draft, request: HttpRequestRef) -> None:
        self._draft = draft
        self.request = request

    @classmethod
    def begin(
        cls, library: str, request: HttpRequestRef, *, own_span: bool = True
    ) -> Exchange | None:
        """A request is about to go out; None when nothing records here.

        `own_span`: the current span is the instrumentor's span of this very exchange.
        """
        draft = begin("http", library, request, own_span=own_span)
        return cls(draft, request) if draft is not None else None

    def sends(self, data: bytes) -> None:
        """The request's body, which is there as a whole."""
        self.request.body = self._draft.trace.whole_body(data)

    def sending(self) -> Passing:
        """The request's body, which is yet to be made, chunk by chunk."""
        self.request.body = self._draft.body()
        return Passing(self.request.body)

    def answered(self, response: HttpResponseRef) -> Passing:
        """Status and headers have come; what is returned follows the body."""
        self._sent()
        response.body = body = self._draft.answering(response)
        return Passing(body, response)

    def answered_whole(self, response: HttpResponseRef, data: bytes) -> None:
        """Status and headers have come, and all of the body with them."""
        self._sent()
        draft = self._draft
        response.body = draft.trace.whole_body(data)
        draft.answered(response)

    def failed(self, error: BaseException, stage: str = "send") -> None:
        """`error` came in place of an answer."""
        self._sent()
        self._draft.failed(error, stage)

    def received(self, data: bytes) -> None:
        """`data` came before the error: an answer, but not enough of one."""
        if self._draft.error is not None:
            self._draft.error.add(received=data)

    def abandon(self) -> None:
        """We lost track of it: nothing waits for it any more. After an outcome it does nothing."""
        if self._draft.is_open:
            self._sent()
            self._draft.trace.note_cut("interaction", "recording it failed")
            self._draft.abandon()

    @property
    def is_open(self) -> bool:
        """Whether no outcome has come yet."""
        return self._draft.is_open

    def dropped(self) -> None:
        """Nobody wants an answer: nothing of it is kept. After an outcome it does nothing."""
        if self._draft.is_open:
            self._sent()
            self._draft.abandon()

    def _sent(self) -> None:
        """No more of the request goes out, whether or not all of it did."""
        body = self.request.body
        if body is not None and body.state == "open":
            body.finish("partial")


class Noted:
    """The chunks of an iterable, each noted as it passes.

    No generator: closing one, or leaving it to the garbage collector, is seen by what it reads.
    """

    __slots__ = ("_chunks", "_passing")

    def __init__(self, chunks: Iterable[bytes], passing: Passing) -> None:
        self._chunks = iter(chunks)
        self._passing = passing

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._passing.ended()
            raise
        except BaseException as error:
            self._passing.broke_off(error)
            raise
        self._passing.feed(chunk)
        return chunk


class NotedLater:
    """The chunks of an asynchronous iterable, each noted as it passes."""

    __slots__ = ("_chunks", "_passing")

    def __init__(self, chunks: AsyncIterable[bytes], passing: Passing) -> None:
        self._chunks = aiter(chunks)
        self._passing = passing

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._passing.ended()
            raise
        except BaseException as error:
            self._passing.broke_off(error)
            raise
        self._passing.feed(chunk)
        return chunk
