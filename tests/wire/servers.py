"""Servers besides the awkward one: the same over TLS, and a proxy for both."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

import trustme

from tests.http.upstream import Upstream

__all__ = ["Proxy", "TlsUpstream"]


class TlsUpstream(Upstream):
    """The awkward server over TLS, with a certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.url = f"https://127.0.0.1:{self.port}"
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)
        certificate = authority.issue_cert("127.0.0.1")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)

    def _talk(self, wire: socket.socket) -> None:
        try:
            encrypted = self._context.wrap_socket(wire, server_side=True)
        except OSError:
            wire.close()
            return
        super()._talk(encrypted)


class Proxy:
    """Forwards what is asked in absolute form, opens tunnels, and lets in who says `secret`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(wire,), daemon=True).start()

    def _talk(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), wire:
            head = b""
            while b"\r\n\r\n" not in head:
                data = wire.recv(65536)
                if not data:
                    return
                head += data
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            if b"refused" in head:
                wire.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            if method == "CONNECT":
                host, _, port = target.rpartition(":")
                with socket.create_connection((host, int(port))) as server:
                    wire.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _join(wire, server)
                return
            url = urlsplit(target)
            with socket.create_connection((url.hostname or "", url.port or 80)) as server:
                path = target.partition("://")[2].partition("/")[2]
                server.sendall(head.replace(target.encode(), b"/" + path.encode(), 1))
                _join(wire, server)


def _join(one: socket.socket, other: socket.socket) -> None:
    while True:
        ready, _, _ = select.select([one, other], [], [], 5)
        if not ready:
            return
        for wire in ready:
            data = wire.recv(65536)
            if not data:
                return
            (other if wire is one else one).sendall(data)
