"""Messages of HTTP/1 as they pass over the wire, to the readable parts of a cassette and back.

For clients whose seam is the connection. What a message says is kept readable; what of its bytes
the readable parts do not give is kept beside it, under these words in `extensions`:

- ``before``: informational responses (``103 Early Hints``) that came first,
- ``head``: status line and headers, spelled as nobody would spell them,
- ``wire``: the body in its framing (base64), where that is odd,
- ``broken_chunk`` (the size that was announced, the bytes that came) and ``after_chunks``: where
  a body in the chunked coding broke off,
- ``reads``: sizes of the pieces that a waiting reader got.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.bodies import body_bytes, wire
from timetracer_otel.protocols.http1 import (
    HeadersToCome,
    end_of_head,
    has_body,
    head_bytes,
    is_chunked,
    request_head,
    split_head,
)
from timetracer_otel.protocols.http1_framing import Dechunked, chunked_pieces, dechunked
from timetracer_otel.protocols.http_parts import (
    HttpRequestRef,
    HttpResponse,
    HttpResponseRef,
    RawHeaders,
    header_pairs,
)

__all__ = [
    "MAX_READS",
    "WireRequestRef",
    "WireResponseRef",
    "content_size",
    "head_size",
    "wire_pieces",
    "wire_reads",
]

MAX_READS = 10_000
_PIECE = 64 * 1024
_INFORMATIONAL = re.compile(rb"HTTP/\d\.\d 1(?!01)\d\d")
_FOLD = re.compile(rb"\r\n[ \t]+")


# -- what passed, as it is noted -------------------------------------------------------------------


@dataclass(slots=True)
class WireRequestRef(HttpRequestRef):
    """A request as it went out: `head` up to the empty line, in `body` the bytes after it.

    Of one that never went out there are `headers` alone.
    """

    head: bytes = b""

    def read(self) -> HttpRequestRef:
        """The same, as other clients describe it."""
        found = split_head(self.head)
        head = request_head(found[0]) if found is not None else None
        headers = head.headers if head is not None else self.headers
        return HttpRequestRef(
            method=self.method,
            url=self.url,
            headers=headers,
            body=self._content(headers),
            http_version=head.http_version if head is not None else "",
        )

    def _content(self, headers: RawHeaders) -> Body | None:
        if self.body is None or not self.body.size:
            return None
        data = b"".join(self.body.chunks)
        chunks = _out_of_framing(headers, data).chunks
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
        chunks, trailers, notes = _out_of_framing(self.headers, rest)
        body = _replaced(whole, chunks, whole.size - len(data))
        found = HttpResponseRef(
            status=self.status,
            headers=self.headers,
            body=body,
            reason=self.reason.encode("utf-8", "surrogateescape").decode("latin-1"),
            http_version="HTTP/{}.{}".format(*self.version),
            error=self.error,
            trailers=list(trailers),
            extensions=dict(self.extensions),
        )
        if before:
            found.extensions["before"] = data[:before].decode("latin-1")
        if 1 < len(self.reads) <= MAX_READS and not body.truncated:
            found.extensions["reads"] = list(self.reads)
        head = data[before : before + head_size]
        if head != head_bytes(_status_line(found), found.headers):
            found.extensions["head"] = head.decode("latin-1")
        if not body.truncated:  # it cannot be served again
            _add_framing(found, body, rest, notes)
        return found


def _add_framing(
    found: HttpResponseRef, body: Body, rest: bytes, notes: Mapping[str, object]
) -> None:
    """What the readable parts do not give of a body that came as `rest`."""
    if not rest or not is_chunked(found.headers):
        return
    ended = body.state == "complete"
    if rest != b"".join(_framed(body.chunks, found.trailers, notes, ended=ended)):
        found.extensions["wire"] = base64.b64encode(rest).decode("ascii")
    else:
        found.extensions.update(notes)


def _out_of_framing(headers: RawHeaders, data: bytes) -> Dechunked:
    return dechunked(data) if data and is_chunked(headers) else Dechunked([data], [], {})


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
    head, rest = split_head(request) or (request, b"")
    return sum(map(len, _out_of_framing(HeadersToCome(head), rest).chunks))


def head_size(data: bytes) -> int:
    """How many of the bytes come before the body; all of them where there is none yet."""
    return sum(_up_to_final(data))


def _up_to_final(data: bytes) -> tuple[int, int]:
    """How many bytes informational responses take, and how many the head after them."""
    before = 0
    while True:
        end = end_of_head(data, before)
        if end < 0:
            return before, len(data) - before
        if not _INFORMATIONAL.match(data, before):
            return before, end - before
        before = end


# -- the same bytes again --------------------------------------------------------------------------


def wire_reads(response: HttpResponse, *, title: str, method: str = "GET") -> list[bytes]:
    """The bytes of a response, in pieces: the next one for whoever waits when one is used up.

    Raises `CannotReplay` for a truncated body.
    """
    headers, chunks = wire(response.headers, response.body, title=title)
    chunked = is_chunked(headers) and has_body(method, response.status)
    data = b"".join(wire_pieces(response, headers, chunks, chunked=chunked))
    reads = response.extensions.get("reads", [])
    if isinstance(reads, list) and reads and sum(reads) == len(data):
        return _split(data, reads)
    return [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]


def wire_pieces(
    response: HttpResponse, headers: RawHeaders, chunks: list[bytes], *, chunked: bool
) -> list[bytes]:
    """The bytes of a response: all that comes before its body, then that in its pieces.

    `headers` and `chunks` are those to be served; `chunked` says whether the client that reads
    them takes the body to be in the chunked coding.
    """
    before = str(response.extensions.get("before", "")).encode("latin-1")
    pieces = chunks
    if chunked:
        kept = _kept_framing(response)
        ended = response.body is None or response.body.state == "complete"
        trailers = header_pairs(response.trailers)
        pieces = [kept] if kept else _framed(chunks, trailers, response.extensions, ended=ended)
    return [before + _kept_head(response, headers), *(piece for piece in pieces if piece)]


def _status_line(response: HttpResponse | HttpResponseRef) -> str:
    return f"{response.http_version} {response.status} {response.reason}"


def _kept_head(response: HttpResponse, headers: RawHeaders) -> bytes:
    """As it was spelled; what was edited since is spelled anew."""
    told = head_bytes(_status_line(response), headers)
    kept = str(response.extensions.get("head", "")).encode("latin-1")
    found = split_head(kept)
    if found is None:
        return told
    first = kept.partition(b"\n")[0]
    same = b" %d" % response.status in first
    return kept if same and _bare(HeadersToCome(found[0])) == _bare(headers) else told


def _bare(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """Without the spaces that a parser may take away."""
    return [(name, _FOLD.sub(b" ", value).strip(b" \t")) for name, value in headers]


def _kept_framing(response: HttpResponse) -> bytes:
    """The body as it was framed; nothing where that is not kept, or the body was edited since."""
    try:
        kept = base64.b64decode(str(response.extensions.get("wire", "")), validate=True)
    except ValueError:
        return b""
    told = body_bytes(response.body) if response.body is not None else b""
    return kept if b"".join(dechunked(kept).chunks) == told else b""


def _framed(
    chunks: list[bytes], trailers: RawHeaders, notes: Mapping[str, object], *, ended: bool
) -> list[bytes]:
    """Chunks with what says where they end; where they did not, that is not said."""
    if not ended and "broken_chunk" not in notes and "after_chunks" not in notes:
        notes = {"after_chunks": ""}
    return chunked_pieces(chunks, trailers, notes)


def _split(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    found, start = [], 0
    for size in sizes:
        found.append(data[start : start + size])
        start += size
    return found
