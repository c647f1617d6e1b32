"""One request that aiohttp.web answers: what the application reads, and the bytes that go out."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import Any

from timetracer_otel.protocols.http1 import (
    HeadersToCome,
    has_body,
    is_chunked,
    split_head,
    status_line,
)
from timetracer_otel.protocols.http1_framing import Chunked, Counted, Framing, UntilEnd
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef, RawHeaders
from timetracer_otel.recording import Draft

__all__ = ["SERVING", "Serving"]

_PIECE = 256 * 1024

SERVING: dict[Any, Serving] = {}
"""Requests that are being answered, by the protocol of their connection: it has one at a time."""


class Serving:
    """A request and its answer while they pass; `content` is the request's body, if it has one."""

    __slots__ = (
        "_again",
        "_content",
        "_draft",
        "_framing",
        "_head",
        "_request",
        "_response",
        "_sent",
    )

    def __init__(self, draft: Draft, request: HttpRequestRef, content: Any) -> None:
        self._draft = draft
        self._request = request
        self._content = content
        self._again = 0
        self._head = b""
        self._response: HttpResponseRef | None = None
        self._framing: Framing | None = None
        self._sent = draft.body()
        if content is not None:
            request.body = draft.body()

    @property
    def status(self) -> int:
        """Of the answer; 0 while there is none."""
        return self._response.status if self._response is not None else 0

    # -- the request ----------------------------------------------------------------------------

    def read(self, content: Any, data: bytes) -> None:
        """`data` was taken out of `content`."""
        if content is not self._content or self._request.body is None:
            return
        if self._again:  # it was noted when it was taken out first
            known = min(self._again, len(data))
            self._again -= known
            data = data[known:]
        if data:
            self._request.body.feed(data)

    def put_back(self, content: Any, data: bytes) -> None:
        """`data` was taken out of `content` and is in it again, as multipart readers do."""
        if content is self._content:
            self._again += len(data)

    # -- the answer -----------------------------------------------------------------------------

    def wrote(self, data: Any) -> None:
        """`data` went out: the head, then the body in its framing."""
        if self._framing is None:
            self._head += bytes(data)
            data = self._after_head()
        if self._framing is not None and data:
            self._framing.feed(bytes(data))

    def _after_head(self) -> bytes:
        """What follows the head, once all of it is there and it is no interim one."""
        split = split_head(self._head)
        if split is None:
            return b""
        head, rest = split
        line = status_line(head)
        if line is None:
            return b""
        if line.status < HTTPStatus.OK and line.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self._head = rest
            return self._after_head() if rest else b""
        headers = HeadersToCome(head)
        version = line.http_version.removeprefix("HTTP/")
        self._response = HttpResponseRef(
            line.status, headers, self._sent, reason=line.reason, http_version=version
        )
        self._framing = self._framed(line.status, headers)
        if line.status == HTTPStatus.SWITCHING_PROTOCOLS:
            # what is said over the connection is not recorded; it may stay open for hours
            self._close(None)
        return rest

    def _framed(self, status: int, headers: RawHeaders) -> Framing:
        if not has_body(self._request.method, status):
            return Counted(self._sent.feed, 0)
        if is_chunked(headers):
            return Chunked(self._sent.feed)
        length = next((v for k, v in headers if k.lower() == b"content-length"), b"")
        return Counted(self._sent.feed, int(length)) if length else UntilEnd(self._sent.feed)

    def sent_file(self, number: int, offset: int, count: int) -> None:
        """The kernel sent `count` bytes of a file, unless they went out by `wrote`."""
        if self._framing is None or self._framing.ended or self._sent.size:
            return
        while count > 0:
            piece = os.pread(number, min(_PIECE, count), offset)
            if not piece:
                break
            self._framing.feed(piece)
            offset += len(piece)
            count -= len(piece)

    # -- the end --------------------------------------------------------------------------------

    def raised(self, error: BaseException) -> None:
        """The application raised `error`, and aiohttp answers in its place."""
        self._draft.also_raised(error)

    def end(self, error: BaseException | None, route: str, *, reset: bool) -> None:
        """The request is over; `reset` where the client was gone before the end of the answer."""
        self._request.route = route
        if error is not None and self._response is None:
            self._finish_bodies(whole=False)
            self._draft.failed(error, "application")
            return
        if error is not None:
            self._draft.also_raised(error)
        framing = self._framing
        self._close(framing is not None and (framing.ended or not reset))

    def _close(self, whole: bool | None) -> None:
        self._finish_bodies(whole=whole is None or whole)
        if self._draft.is_open:
            self._draft.answered(self._response)

    def _finish_bodies(self, *, whole: bool) -> None:
        body = self._request.body
        if body is not None:
            read = self._content.at_eof()
            body.finish("complete" if read else "partial" if body.size else "unread")
        if isinstance(self._framing, Chunked):
            self._framing.broken_off()  # what it holds of a chunk that has not come to its end
        self._sent.finish("complete" if whole else "aborted")
