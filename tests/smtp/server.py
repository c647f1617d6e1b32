"""A mail server: as much of SMTP as the cases need."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["mail_server"]

_FEATURES = b"250-mail.test\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
_PLAIN = b"AGFkYQBzZWNyZXQ="  # ada, secret


class _Session(socketserver.StreamRequestHandler):
    server: Any  # a `_Server`

    def say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def handle(self) -> None:
        self.secure = isinstance(self.request, ssl.SSLSocket)
        self.say(b"220 mail.test ready")
        while line := self.rfile.readline().rstrip(b"\r\n"):
            verb, _, rest = line.partition(b" ")
            answer = getattr(self, f"on_{verb.decode('latin-1').lower()}", None)
            if answer is None:
                self.say(b"502 what is " + verb)
            elif answer(rest):
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()  # it may be another than the server knows

    def on_ehlo(self, _: bytes) -> None:
        offers = b"" if self.secure or self.server.context is None else b"250-STARTTLS\r\n"
        self.wfile.write(_FEATURES + offers)
        self.say(b"250 AUTH PLAIN LOGIN")

    on_lhlo = on_ehlo

    def on_helo(self, _: bytes) -> None:
        self.say(b"250 mail.test")

    def on_starttls(self, _: bytes) -> None:
        assert self.server.context is not None
        self.say(b"220 go ahead")
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.secure = True
        self.setup()

    def on_auth(self, rest: bytes) -> None:
        good = rest == b"PLAIN " + _PLAIN
        self.say(b"235 welcome" if good else b"535-5.7.8 no\r\n535 not you")

    def on_mail(self, rest: bytes) -> bool:
        if b"dropped" in rest:
            return True
        self.say(b"550 not from you" if b"spammer" in rest else b"250 OK")
        return False

    def on_rcpt(self, rest: bytes) -> None:
        self.say(b"550-no such\r\n550 mailbox" if b"nobody" in rest else b"250 OK")

    def on_data(self, _: bytes) -> bool:
        self.say(b"354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        if any(b"hang up" in line for line in lines):
            return True
        refused = any(b"viagra" in line for line in lines)
        self.say(b"554 spam" if refused else b"250 queued as %d" % len(lines))
        return False

    def on_noop(self, _: bytes) -> None:
        self.say(b"250 OK")

    on_rset = on_noop

    def on_vrfy(self, rest: bytes) -> None:
        self.say(b"252 perhaps " + rest)

    def on_help(self, _: bytes) -> None:
        self.say("214-ask Zoë".encode("latin-1"), b"214 or read the RFC")

    def on_quit(self, _: bytes) -> bool:
        self.say(b"221 bye")
        return True


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    context: ssl.SSLContext | None = None
    at_once = False

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.at_once and self.context is not None:
            connection = self.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust us."""


@contextmanager
def mail_server(context: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[int]:
    """Its port; with a context it speaks TLS, `at_once` or on demand."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.context, server.at_once = context, at_once
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
