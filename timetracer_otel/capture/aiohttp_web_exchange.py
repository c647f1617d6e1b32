"""One request to aiohttp's server and its response, while they pass."""

from __future__ import annotations

import sys
from asyncio import CancelledError
from http import HTTPStatus
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.semconv.attributes import (
    client_attributes,
    http_attributes,
    network_attributes,
    server_attributes,
    url_attributes,
    user_agent_attributes,
)
from opentelemetry.trace import Span, SpanKind

from timetracer_otel.capture.aiohttp_web_files import SentFile
from timetracer_otel.capture.aiohttp_web_uploads import begin_upload, end_upload
from timetracer_otel.capture.inbound import is_excluded, is_untraced
from timetracer_otel.capture.server_span import begin_server_span, end_server_span
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.aiohttp_web import path_of, request_of, route_of
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import Draft, begin_entry, discard_trace, guarded
from timetracer_otel.recording.flow import CURRENT_FLOW

__all__ = ["PASSING", "WebExchange"]

PASSING: dict[Any, WebExchange] = {}
"""By the writer of the response, which nobody else has."""

_OWN = ("Date", "Server")
"""What the server says of itself and of the day, where the application does not."""


class _Compressor:
    """aiohttp's compressor, and a note of what comes out of it."""

    def __init__(self, inner: Any, exchange: WebExchange) -> None:
        self._inner = inner
        self._exchange = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def compress(self, *args: Any, **keywords: Any) -> bytes:
        data: bytes = await self._inner.compress(*args, **keywords)
        self._exchange.sends(data)
        return data

    def flush(self, *args: Any, **keywords: Any) -> bytes:
        data: bytes = self._inner.flush(*args, **keywords)
        self._exchange.sends(data)
        return data


class WebExchange:
    """One request and its response while they pass."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._writer = request._payload_writer
        self._stream = request._payload
        self._ref: HttpRequestRef | None = None
        self._context: Context | None = None
        self._span: Span | None = None
        self._error: BaseException | None = None
        self._draft: Draft | None = None
        self._response: HttpResponseRef | None = None
        self._sent: Body | None = None
        self._own: tuple[str, ...] = ()
        self.file: SentFile | None = None

    @classmethod
    def begin(cls, request: Any, *, has_span: bool) -> WebExchange | None:
        """Begin it in the request's own task; None where it is not to be recorded.

        With `has_span` somebody makes a span further in, and calls `bind_here` there.
        """
        # a task is the request's own, with a copy of whatever context the server began in
        CURRENT_FLOW.set(None)
        if not _is_http(request) or is_untraced(path_of(request)):
            return None
        exchange = cls(request)
        if not has_span:
            ref = request_of(request)  # before there is a span that somebody has to end
            span, context = begin_server_span(
                ref.method, request.headers, _attributes(request, ref)
            )
            exchange._span, exchange._ref = span, ref
            otel_context.attach(context)
        PASSING[exchange._writer] = exchange
        if not has_span:
            with guarded("aiohttp.web request"):
                exchange.bind_here()
        return exchange

    def bind_here(self) -> None:
        """The current span is that of the request."""
        current: Any = trace.get_current_span()
        # OpenTelemetry's middleware makes none for what its own variables leave out
        if self._draft is not None or getattr(current, "kind", None) is not SpanKind.SERVER:
            return
        self._context = otel_context.get_current()
        if is_excluded(path_of(self._request)):
            discard_trace("path")
            return
        ref = self._ref = self._ref or request_of(self._request)
        draft = begin_entry("http", "aiohttp_web", ref)
        if draft is None:
            return
        self._draft = draft
        self._sent = draft.body()
        if not self._stream.at_eof():
            ref.body = draft.body()
            begin_upload(self._request, ref.body)

    def stay_here(self) -> None:
        """The span ends before the response is sent: its context goes on."""
        if self._context is not None:
            otel_context.attach(self._context)

    # -- the response -----------------------------------------------------------------------

    def prepares(self, headers: Any) -> None:
        """The application's headers are as it wants them; the server adds its own."""
        self._own = tuple(name for name in _OWN if name not in headers)

    def starts(self, status_line: str, headers: Any) -> None:
        """The head of the response is sent."""
        if self._draft is None:
            return
        version, _, rest = status_line.partition(" ")
        code, _, reason = rest.partition(" ")
        pairs = [(k.encode(), v.encode()) for k, v in headers.items() if k not in self._own]
        self._response = HttpResponseRef(
            int(code),
            pairs,
            self._sent,
            reason=reason,
            http_version=version.removeprefix("HTTP/"),
        )
        if self._response.status == HTTPStatus.SWITCHING_PROTOCOLS:
            self._upgraded(self._draft, self._response)

    def _upgraded(self, draft: Draft, response: HttpResponseRef) -> None:
        """What is said over the connection is not recorded, and nothing of ours waits for it."""
        response.body = None
        if self._sent is not None:
            self._sent.finish()
        end_upload(self._stream)
        draft.answered(response)

    def compressing(self, compressor: Any) -> Any:
        """What is noted is what comes out of the compressor."""
        return _Compressor(compressor, self) if self._sent is not None else compressor

    def writes(self, writer: Any, chunk: Any) -> None:
        """The application has written `chunk`."""
        if writer._compress is not None:
            return
        if isinstance(chunk, memoryview):
            chunk = chunk.cast("B")
        if writer.length is not None and len(chunk) > writer.length:
            chunk = chunk[: writer.length]  # no more is sent than was promised
        self.sends(chunk)

    def sends(self, chunk: Any) -> None:
        """`chunk` goes to the client, if that is still there."""
        # what is written before there is a response is an interim one (``100 Continue``)
        if self._sent is None or self._response is None or self._is_lost() or self._is_bodiless():
            return
        if len(chunk):
            self._sent.feed(chunk)

    def _is_bodiless(self) -> bool:
        """Whether no client takes what is written for a body: aiohttp sends it all the same."""
        head = self._ref is not None and self._ref.method == "HEAD"
        return head or (self._response is not None and self._response.status in _BODILESS)

    def wrote_all(self) -> None:
        """The response has come to its end."""
        if self._sent is not None and self.file is None:
            self._sent.finish()

    def sent_file(self, file: SentFile, *, whole: bool) -> None:
        """`file` was sent, `whole` or as far as it came: by the kernel or through the writer."""
        self.file = None
        sent = self._sent
        if sent is None:
            return
        if not sent.size:
            self._sent = None  # it is finished when the file has been read
            file.note(sent, whole=whole)
        elif self._writer._eof:
            sent.finish()

    def _is_lost(self) -> bool:
        transport = self._request._protocol.transport
        return transport is None or transport.is_closing()

    # -- the end ----------------------------------------------------------------------------

    def raised(self) -> None:
        """An exception that the application did not handle is being answered for it."""
        error = sys.exception()
        if error is None or self._error is not None:
            return
        if isinstance(error, ConnectionError) and self._is_lost():
            return  # the client has left while the application was writing
        self._error = error
        if self._draft is not None:
            self._draft.also_raised(error)

    def end(self, error: BaseException | None = None) -> None:
        """The request is over."""
        PASSING.pop(self._writer, None)
        route = route_of(self._request)
        if self._ref is not None:
            self._ref.route = route
        try:
            self._end_draft(error)
        finally:
            status = self._response.status if self._response is not None else 0
            failure, self._error = self._error or error, None
            if self._span is not None:
                end_server_span(self._span, route=route, status=status, error=failure)

    def _end_draft(self, error: BaseException | None) -> None:
        draft = self._draft
        end_upload(self._stream)
        if draft is None:
            return
        if self._sent is not None:
            self._sent.finish("aborted" if error is not None or self._is_lost() else "partial")
        if not draft.is_open:  # a WebSocket's handshake
            return
        if self._response is None and error is not None and not isinstance(error, _LEFT):
            draft.failed(error, "application")
            return
        draft.answered(self._response)


_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_LEFT = (CancelledError, ConnectionError)
"""The client has left, or the server ends: nobody waits for the answer."""


def _is_http(request: Any) -> bool:
    """What could not be parsed comes as a request of this method, to be answered with 400."""
    return bool(request._message.method != "UNKNOWN")


def _attributes(request: Any, ref: HttpRequestRef) -> dict[str, Any]:
    url = request._message.url
    return {
        http_attributes.HTTP_REQUEST_METHOD: ref.method,
        url_attributes.URL_SCHEME: request.scheme,
        url_attributes.URL_PATH: url.path,
        url_attributes.URL_QUERY: url.raw_query_string,
        server_attributes.SERVER_ADDRESS: ref.server[0] if ref.server else None,
        server_attributes.SERVER_PORT: ref.server[1] if ref.server else None,
        client_attributes.CLIENT_ADDRESS: ref.client[0] if ref.client else None,
        user_agent_attributes.USER_AGENT_ORIGINAL: request._message.headers.get("User-Agent"),
        network_attributes.NETWORK_PROTOCOL_VERSION: ref.http_version,
    }
