"""HTTP/1 as bytes: heads taken apart and put together again, bodies out of their framing and back.

Read as `http.client` reads it, since that is who will read it again in a replay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from timetracer_otel.protocols.http_parts import RawHeaders

__all__ = [
    "Chunked",
    "Counted",
    "Framing",
    "HeadersToCome",
    "RequestHead",
    "StatusLine",
    "UntilEnd",
    "chunked_pieces",
    "framing_of_request",
    "head_bytes",
    "is_chunked",
    "parse_headers",
    "request_head",
    "split_head",
    "status_line",
]

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_REQUEST_LINE = re.compile(rb"([^ \r\n]+) ([^\r\n]*) (HTTP/1\.\d)(?=\r\n|\Z)")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked")
_MAX_PIECE = 1024 * 1024
"""A chunk of the chunked coding is kept whole up to this size, larger ones in pieces."""

_MAX_LINE = 65536

Take = Callable[[bytes], None]
"""Where the bytes of a body go once they are out of their framing."""


class RequestHead(NamedTuple):
    """A request line taken apart, and what follows it."""

    method: str
    target: str
    http_version: str
    headers: HeadersToCome
    size: int | None
    """Of the body; None in the chunked coding."""


class StatusLine(NamedTuple):
    """A status line taken apart."""

    http_version: str
    status: int
    reason: str


class HeadersToCome(Sequence[tuple[bytes, bytes]]):
    """Header pairs of a head that is taken apart when it is first asked for: on the worker."""

    __slots__ = ("_head", "_pairs")

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._pairs: list[tuple[bytes, bytes]] | None = None

    def _parsed(self) -> list[tuple[bytes, bytes]]:
        if self._pairs is None:
            _, _, lines = self._head.replace(b"\r\n", b"\n").partition(b"\n")
            self._pairs = parse_headers(lines.split(b"\n")) if lines else []
        return self._pairs

    def __len__(self) -> int:
        return len(self._parsed())

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._parsed())

    def __getitem__(self, at: Any) -> Any:
        return self._parsed()[at]


def split_head(data: bytes) -> tuple[bytes, bytes] | None:
    """The head without the blank line that ends it, and what follows; None without its end."""
    end = _END_OF_HEAD.search(data)
    return (data[: end.start()].rstrip(b"\r"), data[end.end() :]) if end is not None else None


def parse_headers(lines: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Pairs as they came: a folded line stays folded, one without a colon has an empty name."""
    pairs: list[tuple[bytes, bytes]] = []
    for line in lines:
        if pairs and line.startswith((b" ", b"\t")):
            name, value = pairs[-1]
            pairs[-1] = (name, value + b"\r\n" + line)
            continue
        name, colon, value = line.partition(b":")
        pairs.append((name, value.lstrip(b" \t")) if colon else (b"", line))
    return pairs


def request_head(head: bytes) -> RequestHead | None:
    """What a client sent first; None where that is no HTTP/1."""
    line = _REQUEST_LINE.match(head)
    if line is None:
        return None
    method, target, version = line.groups()
    return RequestHead(
        method.decode("latin-1"),
        target.decode("latin-1"),
        version.decode("latin-1"),
        HeadersToCome(head),
        _size_of_body(head.lower()),
    )


def _size_of_body(head: bytes) -> int | None:
    """By a head in lower case; 0 where nothing says that there is a body."""
    if b"\r\ntransfer-encoding:" in head and _CHUNKED.search(head):
        return None
    length = _LENGTH.search(head) if b"\r\ncontent-length:" in head else None
    return int(length[1]) if length is not None else 0


def status_line(head: bytes) -> StatusLine | None:
    """The first line of what a server sent; None where it is no status line."""
    first = head.partition(b"\n")[0].decode("latin-1")
    version, status, reason = [*first.split(None, 2), "", "", ""][:3]
    if not version.startswith("HTTP/") or not status.isdigit():
        return None
    return StatusLine(version, int(status), reason.strip())


def head_bytes(first: str, headers: RawHeaders) -> bytes:
    """A head with the blank line that ends it."""
    lines = [first.encode("latin-1")]
    lines += [name + b": " + value if name else value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Framing:
    """How a body's end is told. `ended` once it has come; what follows is not the body's."""

    __slots__ = ("_take", "ended", "trailers")

    def __init__(self, take: Take) -> None:
        self._take = take
        self.ended = False
        self.trailers: list[tuple[bytes, bytes]] = []

    def feed(self, data: bytes) -> None:
        """The next bytes of the wire."""
        raise NotImplementedError

    def broken_off(self) -> dict[str, object]:
        """Nothing more comes: what a cassette has to say to have it break off there again."""
        return {}


class Counted(Framing):
    """By a length: Content-Length, or nothing at all."""

    __slots__ = ("_left",)

    def __init__(self, take: Take, length: int) -> None:
        super().__init__(take)
        self._left = length
        self.ended = not length

    def feed(self, data: bytes) -> None:
        if self.ended or not data:
            return
        self._left -= len(data)
        self._take(data if self._left >= 0 else data[: self._left])
        self.ended = self._left <= 0


class UntilEnd(Framing):
    """By the end of the connection."""

    __slots__ = ()

    def feed(self, data: bytes) -> None:
        if data:
            self._take(data)


class Chunked(Framing):
    """By the chunked transfer coding: each chunk is taken as one piece."""

    __slots__ = ("_got", "_held", "_line", "_parts", "_size", "_state")

    def __init__(self, take: Take) -> None:
        super().__init__(take)
        self._state = "size"
        self._line = b""
        self._size = 0
        self._got = 0
        self._held = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data) and not self.ended:
            if self._state == "data":
                at = self._in_chunk(data, at)
            elif self._state == "broken":
                self._line += data[at : at + max(0, _MAX_LINE - len(self._line))]
                return
            else:
                at = self._in_line(data, at)

    def _in_chunk(self, data: bytes, at: int) -> int:
        """Two bytes end a chunk, whatever they are."""
        step = min(self._size + 2 - self._got, len(data) - at)
        inside = data[at : at + min(step, max(0, self._size - self._got))]
        if inside:
            self._parts.append(inside)
            self._held += len(inside)
        self._got += step
        if self._got >= self._size or self._held >= _MAX_PIECE:
            self._flush()
        if self._got == self._size + 2:
            self._state = "size"
        return at + step

    def _in_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        if end < 0:
            self._line += data[at : at + _MAX_LINE]
            return len(data)
        line, self._line = self._line + data[at : end + 1], b""
        if self._state == "size":
            self._begin_chunk(line)
        elif line in (b"\r\n", b"\n"):
            self.ended = True
        else:
            self.trailers += parse_headers([line.rstrip(b"\r\n")])
        return end + 1

    def _begin_chunk(self, line: bytes) -> None:
        try:
            self._size = int(line.partition(b";")[0], 16)
        except ValueError:
            self._state, self._line = "broken", line
            return
        self._got = 0
        self._state = "data" if self._size > 0 else "trailers"

    def _flush(self) -> None:
        if self._parts:
            self._take(self._parts[0] if len(self._parts) == 1 else b"".join(self._parts))
            self._parts.clear()
            self._held = 0

    def broken_off(self) -> dict[str, object]:
        self._flush()
        if self.ended:
            return {}
        if self._state == "data":
            return {"broken_chunk": [self._size, self._got]}
        last = b"0\r\n" if self._state == "trailers" else b""
        return {"after_chunks": (last + self._line).decode("latin-1")}


def framing_of_request(head: RequestHead, take: Take) -> Framing:
    """How the body of a request is framed: no header, no body."""
    return Chunked(take) if head.size is None else Counted(take, head.size)


def is_chunked(headers: RawHeaders) -> bool:
    """Whether a body with these headers is in the chunked transfer coding, to `http.client`."""
    for name, value in headers:
        if name.lower() == b"transfer-encoding":
            return value.strip().lower() == b"chunked"
    return False


def chunked_pieces(
    chunks: list[bytes], trailers: RawHeaders, notes: Mapping[str, object]
) -> list[bytes]:
    """Chunks in their framing again, broken off where `Framing.broken_off` noted it."""
    whole, end = chunks, [head_bytes("0", trailers)]
    broken, after = notes.get("broken_chunk"), notes.get("after_chunks")
    if isinstance(broken, list):
        size, got = broken
        inside = min(size, got)
        last = chunks[-1] if inside and chunks else b""
        whole = chunks[:-1] if last else chunks
        line = b"%x\r\n" % (len(last) + size - inside)
        end = [line + last + b"\r\n"[: max(0, got - size)]]
    elif isinstance(after, str):
        end = [after.encode("latin-1")] if after else []
    return [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in whole if chunk] + end
