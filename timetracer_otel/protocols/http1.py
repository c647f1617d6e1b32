"""Heads of HTTP/1 as bytes: taken apart, and put together again.

Read as `http.client` reads them, since that is who will read them again in a replay. What
follows a head is `http1_framing`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from timetracer_otel.protocols.http_parts import RawHeaders

__all__ = [
    "HeadersToCome",
    "RequestHead",
    "StatusLine",
    "end_of_head",
    "has_body",
    "head_bytes",
    "head_lines",
    "is_chunked",
    "is_nothing_but_chunked",
    "parse_headers",
    "request_head",
    "split_head",
    "status_line",
]

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_REQUEST_LINE = re.compile(rb"([^ \r\n]+) ([^\r\n]*) (HTTP/1\.\d)(?=\r\n|\Z)")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked")
_BODY_LESS = frozenset({204, 304})
_FIRST_FINAL = 200


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


def end_of_head(data: bytes, start: int = 0) -> int:
    """After the first empty line, which may lack its carriage return; -1 if there is none."""
    end = _END_OF_HEAD.search(data, start)
    return end.end() if end is not None else -1


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
    return head_lines(first, headers) + b"\r\n"


def head_lines(first: str, headers: RawHeaders) -> bytes:
    """The same without the blank line."""
    lines = [first.encode("latin-1")]
    lines += [name + b": " + value if name else value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n"


def is_chunked(headers: RawHeaders) -> bool:
    """Whether the chunked transfer coding is one of those that a body with these headers has."""
    return any(
        name.lower() == b"transfer-encoding" and b"chunked" in value.lower()
        for name, value in headers
    )


def is_nothing_but_chunked(headers: RawHeaders) -> bool:
    """The same as far as `http.client` knows it: to it, other codings make it no coding at all."""
    for name, value in headers:
        if name.lower() == b"transfer-encoding":
            return value.strip().lower() == b"chunked"
    return False


def has_body(method: str, status: int) -> bool:
    """Whether a response may have a body, whatever its headers say."""
    return method != "HEAD" and status >= _FIRST_FINAL and status not in _BODY_LESS
