"""Any ASGI application: a tee around it, put where its SERVER span is current."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import wraps
from typing import Any

from timetracer_otel.capture.asgi_websocket import WebSocketNote
from timetracer_otel.capture.inbound import is_excluded
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import Draft, active_recorder, begin_entry, discard_trace, guarded

__all__ = ["LIBRARY", "TRACED", "AsgiCapture", "framework_of", "outermost", "with_server_span"]

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_RECORDED = frozenset({"http", "websocket"})

_IN_REQUEST, _IN_RECEIVE = guarded("asgi request"), guarded("asgi receive")
_IN_SEND, _IN_END = guarded("asgi send"), guarded("asgi end")

_LAYERS = 32
"""Middleware around an application that is looked through."""

TRACED: dict[str, dict[str, Any]] = {}
"""Frameworks whose applications get a span as they are first called: name to options."""


class AsgiCapture:
    """The application, and a note of every message that passes. Attributes are its own."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: _Exchange | WebSocketNote | None = None
        if active_recorder() is not None and scope["type"] in _RECORDED:
            with _IN_REQUEST:
                exchange = _begin(scope)
        if exchange is None:
            await self.app(scope, receive, send)
            return
        if isinstance(exchange, _Exchange):
            receive = exchange.receiving(receive)
        try:
            await self.app(scope, receive, exchange.sending(send))
        except BaseException as error:
            exchange.end(error)
            raise
        exchange.end(None)


def _begin(scope: Scope) -> _Exchange | WebSocketNote | None:
    if is_excluded(scope["path"]):
        discard_trace("path")
        return None
    request = HttpRequestRef(
        method=scope.get("method", "GET"),  # a WebSocket's handshake has no other
        url=_url(scope),
        headers=list(scope["headers"]),
        http_version=scope.get("http_version", ""),
        client=_address(scope.get("client")),
        server=_address(scope.get("server")),
        root_path=scope.get("root_path", ""),
    )
    draft = begin_entry("http", "asgi", request)
    if draft is None:
        return None
    return _Exchange(draft, request, scope) if scope["type"] == "http" else WebSocketNote(draft)


def _address(pair: Any) -> Any:
    if not pair:
        return None
    port = pair[1]
    return pair[0], int(port) if isinstance(
        port, str
    ) and port.isdigit() else port  # Django's client


def _url(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    if host is not None:
        where = host.decode("latin-1")
    else:
        name, port = (scope.get("server") or ("localhost", None))[:2]
        where = f"{name}:{port}" if port else str(name)
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string") or b""
    target = path.partition(b"?")[0] + (b"?" + query if query else b"")
    return f"{scope.get('scheme', 'http')}://{where}{target.decode('latin-1')}"


class _Exchange:
    """One request and its response while they pass."""

    def __init__(self, draft: Draft, request: HttpRequestRef, scope: Scope) -> None:
        self._draft = draft
        self._request = request
        self._scope = scope
        self._response: HttpResponseRef | None = None
        self._sent = draft.body()
        self._got = request.body = draft.body()

    def receiving(self, receive: Receive) -> Receive:
        @wraps(receive)
        async def tee() -> Message:
            message = await receive()
            with _IN_RECEIVE:
                self._note_received(message)
            return message

        return tee

    def _note_received(self, message: Message) -> None:
        if message["type"] == "http.request":
            chunk = message.get("body", b"")
            if chunk:
                self._got.feed(chunk)
            if not message.get("more_body"):
                self._got.finish()
        elif message["type"] == "http.disconnect":
            self._got.finish("aborted")
            # a middleware may round off what nobody reads any more
            self._sent.finish("aborted")

    def sending(self, send: Send) -> Send:
        @wraps(send)
        async def tee(message: Message) -> None:
            with _IN_SEND:
                self._note_sent(message)
            await send(message)

        return tee

    def _note_sent(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            headers = [(_raw(name), _raw(value)) for name, value in message.get("headers", ())]
            self._response = HttpResponseRef(
                int(message["status"]), headers, self._sent, http_version=self._request.http_version
            )
        elif kind == "http.response.body":
            chunk = message.get("body", b"")
            if chunk:
                self._sent.feed(chunk)
            if not message.get("more_body"):
                self._sent.finish()
        elif kind == "http.response.trailers" and self._response is not None:
            self._response.trailers += list(message.get("headers", ()))

    def end(self, error: BaseException | None) -> None:
        with _IN_END:
            self._request.route = _route(self._scope) or self._request.route
            self._got.finish("unread")
            self._sent.finish("aborted")
            if error is not None and self._response is None:
                self._draft.failed(error, "application")
                return
            if error is not None:  # a framework that answers for it has noted it already
                self._draft.also_raised(error)
            self._draft.answered(self._response)


def _route(scope: Scope) -> str:
    """Where the framework says it in the scope: Starlette's route, Litestar's template."""
    path = getattr(scope.get("route"), "path", "") or scope.get("path_template", "")
    return path if isinstance(path, str) else ""


def _raw(text: Any) -> bytes:
    """Some servers take text too."""
    return text.encode("latin-1") if isinstance(text, str) else bytes(text)


def _around_app(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, app: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        original(self, AsgiCapture(app), *args, **keywords)

    return __init__


def with_server_span(app: Any) -> Any:
    """`app` with a SERVER span around it, unless something inside already makes one."""
    layer = app
    for _ in range(_LAYERS):
        if _makes_spans(layer):
            return app
        layer = _below(layer)
        if layer is None:
            break
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    return OpenTelemetryMiddleware(app, exclude_spans=["receive", "send"])


def _below(layer: Any) -> Any:
    """The next layer: a middleware's application, Litestar's handler, its plugin's middleware."""
    for name in ("app", "asgi_handler", "open_telemetry_middleware"):
        found = getattr(layer, name, None)
        if found is not None:
            return found
    return None


def _makes_spans(layer: Any) -> bool:
    if getattr(layer, "_is_instrumented_by_opentelemetry", False):
        return True
    native = getattr(layer, "_native_telemetry", None)
    if native is not None:
        return True
    return _is_telemetry(layer) or framework_of(layer) in TRACED


def _is_telemetry(layer: Any) -> bool:
    return type(layer).__module__ == "opentelemetry.instrumentation.asgi"


def framework_of(app: Any) -> str:
    """``fastapi``, ``starlette``, or an empty string: the first that its class comes from."""
    for ancestor in type(app).__mro__:
        package, _, module = ancestor.__module__.partition(".")
        if module == "applications" and package in {"fastapi", "starlette"}:
            return package
    return ""


def outermost(stack: Any) -> Any:
    """`stack` with its span around all of it: what answers outside of it is an answer too."""
    above: Any = stack
    for _ in range(_LAYERS):
        layer: Any = getattr(above, "app", None)
        if _is_telemetry(layer) and isinstance(layer.app, AsgiCapture):
            above.app, layer.app.app = layer.app.app, stack
            return layer
        above = layer
    return stack


LIBRARY = Library(
    name="asgi",
    protocol="http",
    module="opentelemetry.instrumentation.asgi",
    distribution="opentelemetry-instrumentation-asgi",
    versions=">=0.50b0",
    changes=(
        Patch("opentelemetry.instrumentation.asgi:OpenTelemetryMiddleware.__init__", _around_app),
    ),
)
