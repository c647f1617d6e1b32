"""What a request of aiohttp.web says of itself."""

from __future__ import annotations

from typing import Any

from opentelemetry.semconv.attributes import (
    client_attributes,
    http_attributes,
    network_attributes,
    url_attributes,
    user_agent_attributes,
)

from timetracer_otel.protocols.http_parts import HttpRequestRef

__all__ = ["attributes_of", "path_of", "request_of", "route_of"]


def request_of(request: Any) -> HttpRequestRef:
    """The request as it came, with its body left out."""
    transport = request.transport
    return HttpRequestRef(
        method=request.method,
        url=_url(request),
        headers=list(request.raw_headers),
        http_version=_version(request),
        client=_pair(transport, "peername"),
        server=_pair(transport, "sockname"),
    )


def path_of(request: Any) -> str:
    """The path, decoded, without the query."""
    path: str = request.rel_url.path
    return path


def route_of(request: Any) -> str:
    """The template that it was routed by; empty where nothing matched."""
    route = getattr(getattr(request, "_match_info", None), "route", None)
    found = getattr(getattr(route, "resource", None), "canonical", "")
    return found if isinstance(found, str) else ""


def attributes_of(request: Any) -> dict[str, Any]:
    """Of its span."""
    client = _pair(request.transport, "peername")
    found = {
        http_attributes.HTTP_REQUEST_METHOD: request.method,
        url_attributes.URL_SCHEME: _scheme(request),
        url_attributes.URL_PATH: path_of(request),
        url_attributes.URL_QUERY: request.rel_url.raw_query_string,
        client_attributes.CLIENT_ADDRESS: client[0] if client else None,
        user_agent_attributes.USER_AGENT_ORIGINAL: request.headers.get("User-Agent"),
        network_attributes.NETWORK_PROTOCOL_VERSION: _version(request),
    }
    return {name: value for name, value in found.items() if value}


def _version(request: Any) -> str:
    return f"{request.version.major}.{request.version.minor}"


def _scheme(request: Any) -> str:
    transport = request.transport
    secure = transport is not None and transport.get_extra_info("sslcontext") is not None
    return "https" if secure else "http"


def _url(request: Any) -> str:
    target: str = request._message.path  # as it came: `rel_url` quotes it anew
    if not target.startswith("/"):  # the absolute form that proxies send
        return target if "://" in target else f"{_scheme(request)}://{request.host}/"
    return f"{_scheme(request)}://{request.host}{target.partition('#')[0]}"


def _pair(transport: Any, name: str) -> Any:
    """None on a socket of the file system's."""
    pair = transport.get_extra_info(name) if transport is not None else None
    return (pair[0], pair[1]) if isinstance(pair, tuple) else None
