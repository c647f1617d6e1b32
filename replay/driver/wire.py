"""Sends a recorded request to a server over loopback, byte for byte."""

from __future__ import annotations

import http.client
import socket
import time
from contextlib import suppress
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

_PATIENCE_S = 60.0
"""Beyond what it took then: somebody may be at a breakpoint."""

_LEAVING_S = 1.0
_PIECE = 65536
_MOST = 1024 * 1024 * 1024


def exchange(
    entry: HttpInteraction, address: tuple[str, int], mount: str = ""
) -> HttpResponse | None:
    """The server's answer to the recorded request; None where the client left before one came.

    A client that left early leaves again: a response that it broke off is read as far as then.
    `mount` is what the server itself puts before each path. Raises `CannotReplay` when there is
    no answer.
    """
    patience = entry.duration_us / 1e6 + _PATIENCE_S
    leaves = entry.response is None and entry.error is None
    data = _bytes_of(entry, mount)
    try:
        with socket.create_connection(address, patience) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)  # it may answer, and close, before it has read all
            if _broke_off(entry.request):
                _leave(connection)
                return None
            if leaves:
                connection.settimeout(entry.duration_us / 1e6 + _LEAVING_S)
            return _answer(connection, entry, patience)
    except TimeoutError as error:
        if leaves:
            return None
        raise _no_answer(entry, f"none within {patience:.0f} s") from error
    except (OSError, http.client.HTTPException) as error:
        if leaves:
            return None
        raise _no_answer(entry, str(error) or type(error).__name__) from error


def _no_answer(entry: HttpInteraction, reason: str) -> CannotReplay:
    return CannotReplay(subject=entry.title, reason=f"the server gave no answer: {reason}")


def _broke_off(request: HttpRequest) -> bool:
    return request.body is not None and request.body.state == "aborted"


def _leave(connection: socket.socket) -> None:
    """As the client that was gone before it had sent its request."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_LEAVING_S)
    with suppress(OSError):
        while connection.recv(_PIECE):
            pass


def _answer(connection: socket.socket, entry: HttpInteraction, patience: float) -> HttpResponse:
    response = http.client.HTTPResponse(connection, method=entry.request.method)
    response.begin()
    pairs = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in response.getheaders()]
    body = Body(None, _MOST)
    _read(response, body, _wanted(entry), time.monotonic() + patience)
    return HttpResponse(
        status=response.status,
        reason=response.reason,
        headers=header_lines(pairs),
        body=encode_body(body, pairs) if body.size else None,
    )


def _wanted(entry: HttpInteraction) -> int | None:
    """How many bytes the recorded client took before it left; None for one that stayed."""
    body = entry.response.body if entry.response is not None else None
    return body.size if body is not None and body.state in ("aborted", "open") else None


def _read(
    response: http.client.HTTPResponse, body: Body, wanted: int | None, deadline: float
) -> None:
    """Until the end, or until the client leaves, or until nobody believes in an end."""
    while wanted is None or body.size < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError
        try:
            piece = response.read1(_PIECE if wanted is None else min(_PIECE, wanted - body.size))
        except TimeoutError:
            if wanted is None:
                raise
            break
        except (http.client.IncompleteRead, ConnectionError):
            break  # it was broken off, as it may have been then
        if not piece:
            break
        body.feed(piece)
    body.finish()


def _bytes_of(entry: HttpInteraction, mount: str) -> bytes:
    request = entry.request
    url = urlsplit(request.url)
    path = url.path or "/"
    if mount and path.startswith(f"{mount}/"):
        path = path.removeprefix(mount)
    target = path + (f"?{url.query}" if url.query else "")
    chunks = wire_chunks(request.body, title=entry.title) if request.body is not None else []
    version = "1.0" if request.http_version == "1.0" else "1.1"  # 1.0 knows no chunks
    head = [f"{request.method} {target} HTTP/{version}", *request.headers]
    head += _missing_lines(request, url.netloc, sum(map(len, chunks)))
    start = "\r\n".join([*head, "", ""]).encode("latin-1")
    if _value(request, "transfer-encoding").lower() != "chunked":
        return start + b"".join(chunks)
    end = b"" if _broke_off(request) else b"0\r\n\r\n"
    return start + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks if c) + end


def _missing_lines(request: HttpRequest, host: str, size: int) -> list[str]:
    """What HTTP/1.1 needs and HTTP/2 does not have."""
    lines = [] if _value(request, "host") else [f"host: {host}"]
    framed = _value(request, "content-length") or _value(request, "transfer-encoding")
    return [*lines, f"content-length: {size}"] if size and not framed else lines


def _value(request: HttpRequest, wanted: str) -> str:
    for line in request.headers:
        name, _, value = line.partition(": ")
        if name.lower() == wanted:
            return value
    return ""
