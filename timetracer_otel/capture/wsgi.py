"""Any WSGI application: a tee around it, inside its SERVER span or with one of our own."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import wraps
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

from timetracer_otel.capture.inbound import is_excluded, is_untraced
from timetracer_otel.capture.server_span import end_server_span, start_server_span
from timetracer_otel.capture.wsgi_streams import (
    InputTee,
    answer_tee,
    is_file_wrapper,
    note_file,
)
from timetracer_otel.interaction.body import Body
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.protocols.wsgi import path_of, request_of
from timetracer_otel.recording import Draft, active_recorder, begin_entry, discard_trace, guarded
from timetracer_otel.recording.current import begins_here, current_trace

__all__ = ["LIBRARY", "WsgiCapture", "WsgiServer", "recorded", "with_server_span"]

Environ = MutableMapping[str, Any]
StartResponse = Callable[..., Any]

_LAYERS = 32
"""Middleware around an application that is looked through."""


class WsgiCapture:
    """An application inside its SERVER span. Attributes are its own."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        return recorded(self.app, environ, start_response)


class WsgiServer(WsgiCapture):
    """An application as a server knows it: recorded from here, spans inside are below ours."""


def with_server_span(app: Any) -> Any:
    """`app` with a SERVER span around it, unless it is the instrumentor's middleware."""
    layer = app
    for _ in range(_LAYERS):
        kind = type(layer)
        if issubclass(kind, WsgiCapture) or kind.__module__ == "opentelemetry.instrumentation.wsgi":
            return app
        layer = getattr(layer, "app", None)
        if layer is None:
            break
    return WsgiServer(app)


def recorded(call: Callable[..., Any], environ: Environ, start_response: StartResponse) -> Any:
    """``call(environ, start_response)``, recorded unless somebody outside of it does that.

    It is recorded in the SERVER span that is current, or else with one of ours around it, so
    that everything is in the trace that the application does before its framework's own span
    begins (sessions that are loaded) and after it has ended (chunks that are made).
    """
    exchange = None
    if active_recorder() is not None:
        with guarded("wsgi request"):
            exchange = _Exchange.begin(environ)
    if exchange is None:
        return call(environ, start_response)
    try:
        with exchange.inside():
            result = call(environ, exchange.starting(start_response))
    except BaseException as error:
        with guarded("wsgi error"):
            exchange.end(error)
        raise
    if is_file_wrapper(result, environ):
        with guarded("wsgi file"):
            note_file(result, exchange)
        return result
    return answer_tee(result, exchange)


class _Exchange:
    """One request and its response while they pass."""

    def __init__(self, request: HttpRequestRef, context: Context, span: Span | None) -> None:
        self._context = context
        self._current = trace.get_current_span(context)
        self._span = span
        self._open = True
        self._draft: Draft | None = None
        self._request = request
        self._response: HttpResponseRef | None = None
        self._sent: Body | None = None

    @classmethod
    def begin(cls, environ: Environ) -> _Exchange | None:
        """None where the request is recorded further out, or is not to be recorded."""
        record = current_trace()
        if record is not None and not begins_here():
            current: Any = trace.get_current_span()
            if record.entry is not None or current.kind is not SpanKind.SERVER:
                return None
            exchange = cls(request_of(environ), otel_context.get_current(), None)
        elif is_untraced(path_of(environ)):
            return None
        else:
            request = request_of(environ)  # before there is a span that somebody has to end
            span, context = start_server_span(environ)
            exchange = cls(request, context, span)
        with guarded("wsgi request"), exchange.inside():
            exchange._bind(environ)
        return exchange

    def _bind(self, environ: Environ) -> None:
        if is_excluded(path_of(environ)):
            discard_trace("path")
            return
        draft = begin_entry("http", "wsgi", self._request)
        if draft is None:
            return
        self._draft = draft
        self._sent = draft.body()
        if _has_body(environ):
            length = environ.get("CONTENT_LENGTH", "")
            self._request.body = draft.body()
            environ["wsgi.input"] = InputTee(
                environ["wsgi.input"], self._request.body, int(length) if length.isdigit() else None
            )

    def inside(self) -> _Inside:
        """The request's context, for as long as the application's code runs."""
        return _Inside(self._current, self._context)

    def starting(self, start_response: StartResponse) -> StartResponse:
        def start(status: str, headers: Any, *args: Any, **keywords: Any) -> Any:
            response = None
            with guarded("wsgi start"):  # before the server adds its own to the very list
                response = self._response_of(status, headers)
            write = start_response(status, headers, *args, **keywords)
            self._response = response
            return self._writing(write)

        return start

    def _response_of(self, status: str, headers: Any) -> HttpResponseRef:
        code, _, reason = status.partition(" ")
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return HttpResponseRef(
            int(code),
            pairs,
            self._sent,
            reason=reason,
            http_version=self._request.http_version,
        )

    def _writing(self, write: Any) -> Any:
        def tee(data: Any) -> Any:
            result = write(data)
            with guarded("wsgi write"):
                self.sent(data)
            return result

        return tee if callable(write) else write

    def sent(self, chunk: Any) -> None:
        """A chunk was handed to the server."""
        # anything else is a mistake that the server will complain of
        if chunk and self._sent is not None and isinstance(chunk, bytes | bytearray | memoryview):
            self._sent.feed(chunk)

    def all_sent(self) -> None:
        """There are no more chunks."""
        if self._sent is not None:
            self._sent.finish()

    def end(self, error: BaseException | None = None) -> None:
        """The request is over; only the first call counts."""
        if not self._open:
            return
        self._open = False
        try:
            self._end_draft(error)
        finally:
            if self._span is not None:
                status = self._response.status if self._response is not None else 0
                route = self._request.route
                end_server_span(self._span, route=route, status=status, error=error)

    def _end_draft(self, error: BaseException | None) -> None:
        draft, sent, got = self._draft, self._sent, self._request.body
        if draft is None:
            return
        if got is not None:
            got.finish("partial" if got.size else "unread")
        if sent is not None:
            sent.finish("aborted" if error is not None else "partial")
        if error is not None and self._response is None:
            draft.failed(error, "application")
            return
        if error is not None:
            draft.also_raised(error)
        draft.answered(self._response)


def _has_body(environ: Environ) -> bool:
    """Whether there may be something to read: not every server ends ``wsgi.input`` by itself."""
    if "wsgi.input" not in environ:
        return False
    if environ.get("CONTENT_LENGTH", "") not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in environ:
        return True
    return bool(environ.get("wsgi.input_terminated")) and environ.get("REQUEST_METHOD") not in {
        "GET",
        "HEAD",
        "OPTIONS",
        "DELETE",
    }


class _Inside:
    """Has a span current for a while.

    Where it is so already nothing is done: a framework may have left its own context until the
    answer is through, and what it then takes back must not be put back by us.
    """

    __slots__ = ("_context", "_span", "_token")

    def __init__(self, span: Span, context: Context) -> None:
        self._span = span
        self._context = context
        self._token: Any = None

    def __enter__(self) -> None:
        if trace.get_current_span() is not self._span:
            self._token = otel_context.attach(self._context)

    def __exit__(self, *_error: object) -> None:
        if self._token is not None:
            otel_context.detach(self._token)


def _around_app(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, wsgi: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        original(self, WsgiCapture(wsgi), *args, **keywords)

    return __init__


LIBRARY = Library(
    name="wsgi",
    protocol="http",
    module="opentelemetry.instrumentation.wsgi",
    distribution="opentelemetry-instrumentation-wsgi",
    versions=">=0.50b0",
    changes=(
        Patch("opentelemetry.instrumentation.wsgi:OpenTelemetryMiddleware.__init__", _around_app),
    ),
)
