"""Bodies of HTTP/1 out of their framing, however the network cut it, and back into it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from timetracer_otel.protocols.http1 import RequestHead, head_bytes, head_lines, parse_headers
from timetracer_otel.protocols.http_parts import RawHeaders

__all__ = [
    "Chunked",
    "Counted",
    "Dechunked",
    "Framing",
    "UntilEnd",
    "chunked_pieces",
    "dechunked",
    "framing_of_request",
]

_LARGEST = 1024 * 1024
"""A chunk of the chunked coding is held back up to this size; larger ones come in pieces."""

_MAX_LINE = 65536

Take = Callable[[bytes], None]
"""Where the bytes of a body go once they are out of their framing."""


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
    """By the chunked transfer coding: each chunk is taken as one piece, up to `largest` bytes."""

    __slots__ = ("_got", "_held", "_largest", "_line", "_parts", "_size", "_state")

    def __init__(self, take: Take, largest: int = _LARGEST) -> None:
        super().__init__(take)
        self._largest = largest
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
        if self._got >= self._size or self._held >= self._largest:
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
        last = head_lines("0", self.trailers) if self._state == "trailers" else b""
        return {"after_chunks": (last + self._line).decode("latin-1")}


def framing_of_request(head: RequestHead, take: Take) -> Framing:
    """How the body of a request is framed: no header, no body."""
    return Chunked(take) if head.size is None else Counted(take, head.size)


class Dechunked(NamedTuple):
    """Content in its chunks, trailers, and what `Framing.broken_off` says where it has no end."""

    chunks: list[bytes]
    trailers: RawHeaders
    notes: dict[str, object]


def dechunked(data: bytes) -> Dechunked:
    """All that there is of a body in the chunked coding, each chunk as one."""
    chunks: list[bytes] = []
    framing = Chunked(chunks.append, sys.maxsize)
    framing.feed(data)
    notes = framing.broken_off()
    return Dechunked(chunks, framing.trailers, notes)


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
