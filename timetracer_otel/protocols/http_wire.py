"""HTTP/1 as it passes over the wire: bytes to the readable parts of a cassette, and back.

For clients whose seam is the connection. What a message says is kept readable; how it was
spelled is kept beside it, in `extensions`, only where the readable parts do not give it:
``reads`` are the sizes of the pieces that a waiting reader got, ``before`` holds informational
responses (``103 Early Hints``), ``head`` the status line and headers as they were spelled, and
``wire`` the body with its framing (base64).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.bodies import body_bytes, wire
from timetracer_otel.protocols.http_parts import (
    HttpRequestRef,
    HttpResponse,
    HttpResponseRef,
    RawHeaders,
    header_lines,
)

__all__ = [
    "MAX_READS",
    "WireRequestRef",
    "WireResponseRef",
    "content_size",
    "head_size",
    "wire_reads",
]

MAX_READS = 10_000
_PIECE = 64 * 1024
_INFORMATIONAL = re.compile(rb"HTTP/\d\.\d 1(?!01)\d\d")


@dataclass(slots=True)
class WireRequestRef(HttpRequestRef):
    """A request as it went out: `head` up to the empty line, in `body` the bytes after it.

    Of one that never went out there are `headers` alone.
    """

    head: bytes = b""

    def read(self) -> HttpRequestRef:
        """The same, as other clients describe it."""
        first, headers = _head_of(self.head) if self.head else (b"", self.headers)
        return HttpRequestRef(
            method=self.method,
            url=self.url,
            headers=headers,
            body=self._content(headers),
            http_version=first.rpartition(b" ")[2].decode("latin-1"),
        )

    def _content(self, headers: RawHeaders) -> Body | None:
        if self.body is None or not self.body.size:
            return None
        data = b"".join(self.body.chunks)
        chunks = _dechunked(data)[0] if _is_chunked(headers) else [data]
        return _replaced(self.body, chunks, self.body.size - len(data))


@dataclass(slots=True)
class WireResponseRef(HttpResponseRef):
    """A response whose `body` holds all that came, status line and headers included.

    `reads` are sizes of pieces, a new one wherever somebody was waiting for it. `version` and
    `reason` are as aiohttp says them.
    """

    version: tuple[int, int] = (1, 1)
    reads: list[int] = field(default_factory=list)

    def read(self) -> HttpResponseRef:
        """The same, as other clients describe it."""
        whole = self.body or Body.of(b"")
        data = b"".join(whole.chunks)
        before, head_size = _up_to_final(data)
        rest = data[before + head_size :]
        chunks, trailers = [rest], b""
        if _is_chunked(self.headers):
            chunks, trailers = _dechunked(rest)
        body = _replaced(whole, chunks, whole.size - len(data))
        found = HttpResponseRef(
            status=self.status,
            headers=self.headers,
            body=body,
            reason=self.reason.encode("utf-8", "surrogateescape").decode("latin-1"),
            http_version="HTTP/{}.{}".format(*self.version),
            error=self.error,
            trailers=list(_pairs(trailers)),
            extensions=dict(self.extensions),
        )
        if before:
            found.extensions["before"] = data[:before].decode("latin-1")
        if 1 < len(self.reads) <= MAX_READS and not body.truncated:
            found.extensions["reads"] = list(self.reads)
        _add_spelling(found, body, data[before : before + head_size], rest)
        return found


def _add_spelling(found: HttpResponseRef, body: Body, head: bytes, rest: bytes) -> None:
    """What of the bytes the readable parts do not give."""
    if head != _head(found.http_version, found.status, found.reason, found.headers):
        found.extensions["head"] = head.decode("latin-1")
    if body.truncated:  # it cannot be served again
        return
    trailers = header_lines(found.trailers)
    if rest != _framed(found.headers, body.chunks, body.state, trailers):
        found.extensions["wire"] = base64.b64encode(rest).decode("ascii")


def wire_reads(response: HttpResponse, *, title: str) -> list[bytes]:
    """The bytes of a response, in pieces: the next one for whoever waits when one is used up.

    Raises `CannotReplay` for a truncated body.
    """
    part = response.body
    state = part.state if part is not None else "complete"
    headers, chunks = wire(response.headers, part, title=title)
    rest = _kept_rest(response, headers)
    if rest is None:
        rest = _framed(headers, chunks, state, response.trailers)
    before = str(response.extensions.get("before", "")).encode("latin-1")
    data = before + _kept_head(response, headers) + rest
    reads = response.extensions.get("reads", [])
    if isinstance(reads, list) and reads and sum(reads) == len(data):
        return _split(data, reads)
    return [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]


def _kept_head(response: HttpResponse, headers: RawHeaders) -> bytes:
    """As it was spelled; what was edited since is spelled anew."""
    told = _head(response.http_version, response.status, response.reason, headers)
    kept = str(response.extensions.get("head", "")).encode("latin-1")
    if not kept:
        return told
    first, pairs = _head_of(kept)
    same = b" %d" % response.status in first and pairs == headers
    return kept if same else told


def _kept_rest(response: HttpResponse, headers: RawHeaders) -> bytes | None:
    """The body as it was framed; None where that is not kept, or the body was edited since."""
    try:
        kept = base64.b64decode(str(response.extensions.get("wire", "")), validate=True)
    except ValueError:
        return None
    content = b"".join(_dechunked(kept)[0]) if _is_chunked(headers) else kept
    told = body_bytes(response.body) if response.body is not None else b""
    return kept if kept and content == told else None


def _replaced(body: Body, chunks: list[bytes], dropped: int) -> Body:
    """`chunks` in place of what `body` kept; `dropped` bytes were not kept."""
    found = Body(None, 0)
    found.chunks = [chunk for chunk in chunks if chunk]
    found.kept = sum(len(chunk) for chunk in chunks)
    found.size = found.kept + dropped
    found.state = body.state
    if body.truncated:
        found.cut_like(body)
    return found


def content_size(request: bytes) -> int:
    """How many bytes of a request's content are among those that went out."""
    head, end, rest = request.partition(b"\r\n\r\n")
    chunked = _is_chunked(_head_of(head + end)[1])
    return sum(map(len, _dechunked(rest)[0])) if chunked else len(rest)


def head_size(data: bytes) -> int:
    """How many of the bytes come before the body; all of them where there is none yet."""
    return sum(_up_to_final(data))


def _up_to_final(data: bytes) -> tuple[int, int]:
    """How many bytes informational responses take, and how many the head after them."""
    before = 0
    while True:
        end = _end_of_head(data, before)
        if end < 0:
            return before, len(data) - before
        if not _INFORMATIONAL.match(data, before):
            return before, end - before
        before = end


def _end_of_head(data: bytes, start: int) -> int:
    """After the first empty line, which may lack its carriage return; -1 if there is none."""
    end = data.find(b"\n\r\n", start)
    bare = data.find(b"\n\n", start, end if end >= 0 else len(data))
    return bare + 2 if bare >= 0 else end + 3 if end >= 0 else -1


def _head_of(head: bytes) -> tuple[bytes, RawHeaders]:
    """The first line, and the header pairs."""
    first, _, rest = head.partition(b"\n")
    return first.rstrip(b"\r"), _pairs(rest)


def _pairs(lines: bytes) -> RawHeaders:
    found = []
    for line in lines.splitlines():
        name, colon, value = line.partition(b":")
        if colon:
            found.append((name, value.strip(b" \t")))
    return found


def _is_chunked(headers: RawHeaders) -> bool:
    return any(
        name.lower() == b"transfer-encoding" and b"chunked" in value.lower()
        for name, value in headers
    )


def _dechunked(data: bytes) -> tuple[list[bytes], bytes]:
    """The chunks as far as they came, and what follows the last one."""
    chunks: list[bytes] = []
    at = 0
    while (end := data.find(b"\r\n", at)) >= 0:
        try:
            size = int(data[at:end].partition(b";")[0], 16)
        except ValueError:
            break
        start = end + 2
        if size <= 0:
            return chunks, data[start:]
        chunks.append(data[start : start + size])
        at = start + size + 2
    return chunks, b""


def _head(version: str, status: int, reason: str, headers: RawHeaders) -> bytes:
    first = f"{version} {status} {reason}\r\n".encode("latin-1")
    return b"".join([first, *(b"%s: %s\r\n" % (n, v) for n, v in headers), b"\r\n"])


def _framed(headers: RawHeaders, chunks: list[bytes], state: str, trailers: Sequence[str]) -> bytes:
    """The body with what says where it ends."""
    if not _is_chunked(headers):
        return b"".join(chunks)
    framed = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    if state == "complete":
        framed.append("".join(["0\r\n", *(f"{t}\r\n" for t in trailers), "\r\n"]).encode("latin-1"))
    return b"".join(framed)


def _split(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    found, start = [], 0
    for size in sizes:
        found.append(data[start : start + size])
        start += size
    return found
