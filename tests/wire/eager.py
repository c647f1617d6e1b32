"""A server that answers as soon as it has a request's head, whatever its body is."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

__all__ = ["Eager"]

_ANSWER = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 71\r\n"
    b"Connection: close\r\n\r\n"
    b"<Error><Code>AccessDenied</Code><Message>not you</Message></Error>     "
)


class Eager:
    """The server while it runs."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = self._listener.accept()
                threading.Thread(target=self._refuse, args=(wire,), daemon=True).start()

    @staticmethod
    def _refuse(wire: socket.socket) -> None:
        with contextlib.suppress(OSError), wire:
            head = b""
            while b"\r\n\r\n" not in head:
                head += wire.recv(1024)
            wire.sendall(_ANSWER)
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(65536):
                pass
