"""A request of aiohttp's server, as the cassette has it."""

from __future__ import annotations

from typing import Any

from timetracer_otel.protocols.http_parts import HttpRequestRef

__all__ = ["path_of", "request_of", "route_of"]


def request_of(request: Any) -> HttpRequestRef:
    """The request line and headers as they came."""
    message = request._message
    transport = request._protocol.transport
    server = _address(transport, "sockname")
    return HttpRequestRef(
        method=message.method,
        url=_url(request, server),
        headers=message.raw_headers,
        http_version=f"{message.version[0]}.{message.version[1]}",
        client=_address(transport, "peername"),
        server=server,
    )


def path_of(request: Any) -> str:
    """The path, decoded."""
    path: str = request._message.url.path
    return path or "/"


def route_of(request: Any) -> str:
    """The template that the router found; empty where it found none."""
    match = getattr(request, "_match_info", None)  # a plain `web.Server` has no router
    resource = getattr(getattr(match, "route", None), "resource", None)
    route = getattr(resource, "canonical", "")
    return route if isinstance(route, str) else ""


def _url(request: Any, server: Any) -> str:
    message = request._message
    target: str = message.path
    if not target.startswith("/"):  # the absolute form that proxies send, or ``*``
        target = message.url.raw_path_qs or "/"
    host = message.headers.get("Host")
    if not host:
        host = f"{server[0]}:{server[1]}" if server is not None else "localhost"
    return f"{request.scheme}://{host}{target.partition('#')[0]}"


def _address(transport: Any, which: str) -> Any:
    """None for a socket that has no host and port."""
    found = transport.get_extra_info(which) if transport is not None else None
    if not isinstance(found, tuple) or len(found) < 2:  # noqa: PLR2004 - host and port
        return None
    return found[0], found[1]
