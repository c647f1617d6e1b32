"""A server of our own that answers as servers should, and as they should not.

Every reply goes out of a raw socket, so that status line, header bytes, chunk boundaries and
breaks are exactly what a route says. One thread a connection; state is a counter by path.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.http import http2, replies

__all__ = ["Asked", "Upstream"]

_LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing a socket with it sends RST instead of FIN."""


_HANDSHAKE = b"\x16"
"""What TLS begins with: a plain server answers as a plain server does."""


@dataclass
class Asked:
    """A request as it came; names of headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    wire: socket.socket
    stopping: threading.Event
    times: int
    lines: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    def send(self, data: bytes) -> None:
        self.wire.sendall(data)

    def wait(self, seconds: float) -> None:
        """Nothing, for as long as the server runs at most."""
        self.stopping.wait(seconds)

    def reset(self) -> None:
        """Break the connection off, as a crashed peer does."""
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.wire.close()


class Upstream:
    """The server while it runs; `url` stays known when it has stopped."""

    def __init__(self, tls: ssl.SSLContext | None = None, path: str = "") -> None:
        self._tls = tls
        self._listener = _listener(path)
        if not path:
            self.port: int = self._listener.getsockname()[1]
            self.url = (
                f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{self.port}"
            )
        self.requests = 0
        self._stopping = threading.Event()
        self._counts: Counter[str] = Counter()
        self._wires: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._full = _Full()
        self.deaf_url = f"http://127.0.0.1:{self._full.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def begin_anew(self) -> None:
        """Count as if nobody had asked yet."""
        self._counts.clear()

    def stop(self) -> None:
        """Listen no more, and let go of every connection."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._full.close()
        with self._lock:
            for wire in self._wires:
                with contextlib.suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._wires.add(wire)
            threading.Thread(target=self._talk, args=(wire,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), plain:
            wire = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with wire:
                self._converse(wire)
        with self._lock:
            self._wires.discard(plain)

    def _converse(self, wire: socket.socket) -> None:
        if isinstance(wire, ssl.SSLSocket) and wire.selected_alpn_protocol() == "h2":
            for _ in http2.converse(wire):
                self.requests += 1
            return
        with wire.makefile("rb") as lines:
            if lines.peek(1)[:1] == _HANDSHAKE:
                wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            for head in _heads(lines):
                self.requests += 1
                if not self._reply(_asked(head, lines, wire, self._stopping, self._counts)):
                    break

    @staticmethod
    def _reply(asked: Asked) -> bool:
        """Answer; whether the connection stays open."""
        name = asked.path.strip("/").partition("/")[0].replace("-", "_") or "index"
        route = getattr(replies, name, replies.missing)
        return bool(route(asked))


def _heads(lines: object) -> Iterator[list[str]]:
    while True:
        head = []
        while (line := lines.readline().decode("latin-1")) not in ("", "\r\n"):  # type: ignore[attr-defined]
            head.append(line.rstrip("\r\n"))
        if not head:
            return
        yield head


def _asked(
    head: list[str],
    lines: object,
    wire: socket.socket,
    stopping: threading.Event,
    counts: Counter[str],
) -> Asked:
    method, target, _ = head[0].split(" ")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    counts[target] += 1
    asked = Asked(method, target, headers, b"", wire, stopping, counts[target], head[1:])
    if not target.startswith(("/unread", "/too-much")):
        asked.body = _body(headers, lines)
    return asked


def _body(headers: dict[str, str], lines: object) -> bytes:
    read = lines.read  # type: ignore[attr-defined]
    if headers.get("transfer-encoding") != "chunked":
        return bytes(read(int(headers.get("content-length", 0))))
    parts = []
    while size := int(lines.readline(), 16):  # type: ignore[attr-defined]
        parts.append(read(size))
        read(2)
    read(2)
    return b"".join(parts)


def _listener(path: str) -> socket.socket:
    if not path:
        return socket.create_server(("127.0.0.1", 0))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener


class _Full:
    """A listener whose queue is full: who connects waits."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port: int = self._listener.getsockname()[1]
        self._waiting = []
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", self.port))
            self._waiting.append(one)

    def close(self) -> None:
        for one in [*self._waiting, self._listener]:
            one.close()
