"""A proxy of our own: forwards plain requests, tunnels CONNECT, refuses who has no password."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

__all__ = ["Proxy"]

_PASSWORD = b"proxy-authorization: basic " + base64.b64encode(b"user:secret").lower()


class Proxy:
    """The proxy while it runs; wants ``user:secret``."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._wires: list[socket.socket] = []
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
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for wire in self._wires:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = self._listener.accept()
                self._wires.append(wire)
                threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError), wire:
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = wire.recv(65536)
                if not chunk:
                    return
                head += chunk
            if _PASSWORD not in head.lower():
                denied = b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                wire.sendall(denied + b"Content-Length: 6\r\nConnection: close\r\n\r\ndenied")
                return
            self._pass_on(wire, head)

    def _pass_on(self, wire: socket.socket, head: bytes) -> None:
        method, target, rest = head.split(b" ", 2)
        if method == b"CONNECT":
            host, _, port = target.decode().partition(":")
            with socket.create_connection((host, int(port))) as onward:
                wire.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _pump(wire, onward)
            return
        url = urlsplit(target.decode())
        with socket.create_connection((url.hostname, url.port or 80)) as onward:
            onward.sendall(b" ".join([method, url.path.encode(), rest]))
            _pump(wire, onward)


def _pump(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_copy, args=(other, one), daemon=True)
    back.start()
    _copy(one, other)
    back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
