"""A WSGI environ and the request that it stands for, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from timetracer_otel.protocols.http_parts import (
    HttpRequest,
    HttpRequestRef,
    RawHeaders,
)

__all__ = ["environ_of", "path_of", "request_of"]

_PLAIN = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}

_FORGED = "HTTP_PROXY"
"""A variable of the process that servers of the standard library put beside the headers."""


def request_of(environ: Mapping[str, Any]) -> HttpRequestRef:
    """The request in `environ`. A gateway has joined repeated headers and lost their case."""
    return HttpRequestRef(
        method=environ.get("REQUEST_METHOD", "GET"),
        url=_url(environ),
        headers=_headers(environ),
        http_version=environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"),
        client=_address(environ.get("REMOTE_ADDR"), environ.get("REMOTE_PORT")),
        server=_address(environ.get("SERVER_NAME"), environ.get("SERVER_PORT")),
        root_path=environ.get("SCRIPT_NAME", ""),
    )


def path_of(environ: Mapping[str, Any]) -> str:
    """The path as the application sees it, its mount point included."""
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return path.encode("latin-1", "replace").decode("utf-8", "replace") or "/"


def _headers(environ: Mapping[str, Any]) -> RawHeaders:
    found = []
    for key, value in environ.items():
        if key in _PLAIN:
            name = _PLAIN[key] if value else ""
        elif key.startswith("HTTP_") and key != _FORGED:
            name = key[5:].replace("_", "-").title()
        else:
            continue
        if name and isinstance(value, str):
            found.append((name.encode("latin-1"), value.encode("latin-1", "replace")))
    return found


def _address(host: Any, port: Any) -> Any:
    if not host:
        return None
    return (str(host), int(port) if str(port or "").isdigit() else 0)


def _url(environ: Mapping[str, Any]) -> str:
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST") or _server(environ)
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if not target.startswith("/"):  # the absolute form that proxies send, or none at all
        target = _target(environ)
    return f"{scheme}://{host}{target.partition('#')[0]}"


def _server(environ: Mapping[str, Any]) -> str:
    name, port = environ.get("SERVER_NAME") or "localhost", environ.get("SERVER_PORT")
    return f"{name}:{port}" if port else str(name)


def _target(environ: Mapping[str, Any]) -> str:
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING")
    quoted = quote(path.encode("latin-1", "replace"), safe="/;=,!$&'()*+:@~") or "/"
    return f"{quoted}?{query}" if query else quoted


def environ_of(request: HttpRequest, headers: RawHeaders, body: bytes) -> dict[str, Any]:
    """The environ of a recorded request, its errors stream left to the caller."""
    url = urlsplit(request.url)
    path = unquote_to_bytes(url.path).decode("latin-1")
    root = request.root_path
    name, port = request.server or (url.hostname or "localhost", url.port)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": root,
        "PATH_INFO": path.removeprefix(root) if root else path,
        "QUERY_STRING": url.query,
        "RAW_URI": f"{url.path}?{url.query}" if url.query else url.path,
        "SERVER_NAME": name,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version or '1.1'}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if request.client is not None:
        environ["REMOTE_ADDR"], port = request.client
        if port:
            environ["REMOTE_PORT"] = str(port)
    for raw_name, raw_value in headers:
        _add_header(environ, raw_name.decode("latin-1"), raw_value.decode("latin-1"))
    return environ


def _add_header(environ: dict[str, Any], name: str, value: str) -> None:
    key = name.upper().replace("-", "_")
    key = key if key in _PLAIN else f"HTTP_{key}"
    environ[key] = f"{environ[key]},{value}" if key in environ else value
