"""Sends a recorded request to a server over loopback, byte for byte."""

from __future__ import annotations

import http.client
import socket
from urllib.parse import urlsplit

from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.bodies import encode_body, wire_chunks
from timetracer_otel.protocols.http_parts import (
    HttpInteraction,
    HttpRequest,
    HttpResponse,
    header_lines,
)

__all__ = ["exchange"]

_TIMEOUT_S = 60.0


def exchange(entry: HttpInteraction, port: int) -> HttpResponse:
    """The server's answer to the recorded request. Raises `CannotReplay` when there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
            connection.sendall(_bytes_of(entry))
            response = http.client.HTTPResponse(connection, method=entry.request.method)
            response.begin()
            data = response.read()
    except (OSError, http.client.HTTPException) as error:
        reason = f"the server gave no answer: {error!r}"
        raise CannotReplay(subject=entry.title, reason=reason) from error
    pairs = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in response.getheaders()]
    return HttpResponse(
        status=response.status,
        reason=response.reason,
        headers=header_lines(pairs),
        body=encode_body(Body.of(data), pairs) if data else None,
    )


def _bytes_of(entry: HttpInteraction) -> bytes:
    request = entry.request
    url = urlsplit(request.url)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", *request.headers, "", ""]
    head = "\r\n".join(lines).encode("latin-1")
    chunks = wire_chunks(request.body, title=entry.title) if request.body is not None else []
    if _is_chunked(request):
        return head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks if c) + b"0\r\n\r\n"
    return head + b"".join(chunks)


def _is_chunked(request: HttpRequest) -> bool:
    return any(line.lower().startswith("transfer-encoding: chunked") for line in request.headers)
