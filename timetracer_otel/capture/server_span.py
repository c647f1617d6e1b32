"""The SERVER span of a request that nothing outside of it has given one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, default_getter
from opentelemetry.semconv.attributes import (
    client_attributes,
    error_attributes,
    http_attributes,
    network_attributes,
    server_attributes,
    url_attributes,
    user_agent_attributes,
)
from opentelemetry.trace import Span, SpanKind, StatusCode

from timetracer_otel.protocols.wsgi import path_of

__all__ = ["begin_server_span", "end_server_span", "start_server_span"]


class _Headers(Getter[Mapping[str, Any]]):
    """An environ's headers, for propagators."""

    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        value = carrier.get(f"HTTP_{key.upper().replace('-', '_')}")
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return [k[5:].lower().replace("_", "-") for k in carrier if k.startswith("HTTP_")]


_HEADERS = _Headers()


def start_server_span(environ: Mapping[str, Any]) -> tuple[Span, Context]:
    """The span, continuing the caller's trace, and the context in which it is current."""
    method = environ.get("REQUEST_METHOD", "GET")
    return begin_server_span(method, environ, _attributes(environ, method), _HEADERS)


def begin_server_span(
    method: str,
    carrier: Mapping[str, Any],
    attributes: Mapping[str, Any],
    getter: Getter[Any] = default_getter,
) -> tuple[Span, Context]:
    """The same for any server: `attributes` that say nothing are left out."""
    # whatever an earlier request has left current in this thread is no parent of this one
    bare = trace.set_span_in_context(trace.INVALID_SPAN, otel_context.get_current())
    parent = propagate.extract(carrier, bare, getter=getter)
    known = {name: value for name, value in attributes.items() if value}
    span = trace.get_tracer("timetracer_otel").start_span(
        method, parent, SpanKind.SERVER, attributes=known
    )
    return span, trace.set_span_in_context(span, parent)


def _attributes(environ: Mapping[str, Any], method: str) -> dict[str, Any]:
    port = environ.get("SERVER_PORT", "")
    return {
        http_attributes.HTTP_REQUEST_METHOD: method,
        url_attributes.URL_SCHEME: environ.get("wsgi.url_scheme"),
        url_attributes.URL_PATH: path_of(environ),
        url_attributes.URL_QUERY: environ.get("QUERY_STRING"),
        server_attributes.SERVER_ADDRESS: environ.get("SERVER_NAME"),
        server_attributes.SERVER_PORT: int(port) if port.isdigit() else None,
        client_attributes.CLIENT_ADDRESS: environ.get("REMOTE_ADDR"),
        user_agent_attributes.USER_AGENT_ORIGINAL: environ.get("HTTP_USER_AGENT"),
        network_attributes.NETWORK_PROTOCOL_VERSION: environ.get(
            "SERVER_PROTOCOL", ""
        ).removeprefix("HTTP/"),
    }


def end_server_span(span: Span, *, route: str, status: int, error: BaseException | None) -> None:
    """End it with what is known by now. Without an answer `status` is 0."""
    if route and isinstance(getattr(span, "name", None), str):
        span.set_attribute(http_attributes.HTTP_ROUTE, route)
        span.update_name(f"{span.name} {route}")  # type: ignore[attr-defined]  # the SDK's has one
    if status:
        span.set_attribute(http_attributes.HTTP_RESPONSE_STATUS_CODE, status)
    if error is not None:
        span.set_attribute(error_attributes.ERROR_TYPE, type(error).__qualname__)
    if error is not None or status >= _SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
    span.end()


_SERVER_ERROR = 500
