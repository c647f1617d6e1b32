"""Ways to the awkward server: through TLS, a Unix socket, proxies; and what it does not answer."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import trustme
from websockets.sync.server import serve

from tests.http.upstream import Upstream

__all__ = ["addresses"]

Talk = Callable[[socket.socket], None]


@contextmanager
def addresses(folder: Path) -> Iterator[tuple[dict[str, str], Upstream]]:
    """Every server running; what a case knows them by."""
    authority = trustme.CA()
    certificate = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    with ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        plain = _through(upstream.port)

        def secret(wire: socket.socket) -> None:
            with context.wrap_socket(wire, True, do_handshake_on_connect=False) as inner:
                inner.do_handshake()
                plain(inner)

        names = {
            "URL": upstream.url,
            "DEAF_URL": upstream.deaf_url,
            "REFUSED_URL": f"http://127.0.0.1:{_closed_port()}/",
            "TLS_URL": f"https://localhost:{stack.enter_context(_listening(secret))}",
            "TLS_CA": str(certificate),
            "RAW_URL": f"http://127.0.0.1:{stack.enter_context(_listening(_raw))}",
            "PROXY_URL": f"http://127.0.0.1:{stack.enter_context(_listening(_proxy))}",
            "UNIX_PATH": stack.enter_context(_unix(folder / "s", plain)),
            "WS_URL": f"ws://127.0.0.1:{stack.enter_context(_websocket())}",
        }
        yield names, upstream


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def _listening(talk: Talk) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener, _accepting(listener, talk):
        yield listener.getsockname()[1]


@contextmanager
def _unix(path: Path, talk: Talk) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with _accepting(listener, talk):
            yield str(path)


@contextmanager
def _accepting(listener: socket.socket, talk: Talk) -> Iterator[None]:
    wires: list[socket.socket] = []

    def one(wire: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), wire:
            talk(wire)

    def accept() -> None:
        while True:
            try:
                wire, _ = listener.accept()
            except OSError:
                return
            wires.append(wire)
            threading.Thread(target=one, args=(wire,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    for wire in wires:
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
    thread.join()


def _through(port: int) -> Talk:
    """What comes in goes to the awkward server, and its answers back."""

    def talk(wire: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as beyond:
            _both_ways(wire, beyond)

    return talk


def _both_ways(one: socket.socket, other: socket.socket) -> None:
    thread = threading.Thread(target=_pump, args=(other, one), daemon=True)
    thread.start()
    _pump(one, other)
    thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        if isinstance(target, ssl.SSLSocket):
            target.unwrap()
        target.shutdown(socket.SHUT_WR)


def _head(wire: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = wire.recv(65536)
        if not piece:
            raise OSError("it went away")
        data += piece
    return data


def _proxy(wire: socket.socket) -> None:
    """Lets plain requests and tunnels through, for who has a password."""
    head = _head(wire)
    if b"proxy-authorization: basic" not in head.lower():
        wire.sendall(
            b"HTTP/1.1 407 Proxy Authentication Required\r\n"
            b'Proxy-Authenticate: Basic realm="p"\r\nContent-Length: 2\r\n\r\nno'
        )
        return
    method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
    if method == b"CONNECT":
        host, _, port = target.decode().rpartition(":")
        with socket.create_connection((host, int(port))) as beyond:
            wire.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _both_ways(wire, beyond)
        return
    authority, _, path = target.removeprefix(b"http://").decode().partition("/")
    host, _, port = authority.partition(":")
    with socket.create_connection((host, int(port))) as beyond:
        beyond.sendall(head.replace(target, f"/{path}".encode(), 1))
        _both_ways(wire, beyond)


def _raw(wire: socket.socket) -> None:
    """Heads in pieces, odd spellings, answers before the body has come."""
    head = _head(wire)
    path = head.split(b" ", 2)[1].partition(b"?")[0].strip(b"/").decode().replace("-", "_")
    _ROUTES[path](wire)


def _continued(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    wire.recv(65536)
    wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")


def _in_pieces(wire: socket.socket) -> None:
    for piece in (
        b"HTTP/1.1 200 O",
        b"K\r\nX-Split: a",
        b"b\r\nContent-",
        b"Length: 4\r\n\r\nab",
        b"cd",
    ):
        wire.sendall(piece)
        threading.Event().wait(0.02)


def _half_a_head(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def _reset_in_the_head(wire: socket.socket) -> None:
    _half_a_head(wire)
    threading.Event().wait(0.1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _odd_spelling(wire: socket.socket) -> None:
    wire.sendall(
        b"HTTP/1.1 200 OK\r\nx-odd:no space\r\nX-Wide:   three  \r\n"
        b"Transfer-Encoding: Chunked\r\n\r\n"
        b"00A;name=value\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n"
    )


def _bad_chunk(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\nzz\r\n")
    threading.Event().wait(0.1)


def _bad_header(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n")


def _long_header(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n")


def _too_early(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
    threading.Event().wait(0.1)


def _parts(wire: socket.socket) -> None:
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--b\r\n"
        b'Content-Type: application/json\r\nContent-Disposition: attachment; filename="a.json"\r\n'
        b'\r\n{"a": 1}\r\n--b--\r\n'
    )
    kind = b"Content-Type: multipart/mixed; boundary=b"
    wire.sendall(b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body))


def _attachment(wire: socket.socket) -> None:
    named = b"Content-Disposition: attachment; filename*=UTF-8''z%C3%BC.txt"
    wire.sendall(b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: 1\r\n\r\nz" % named)


def _drip(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n")
    for n in range(3):
        threading.Event().wait(0.03)
        wire.sendall(b"piece %d..\n" % n)
    wire.sendall(b"...")


def _no_upgrade(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")


_ROUTES: dict[str, Talk] = {
    "attachment": _attachment,
    "bad_chunk": _bad_chunk,
    "bad_header": _bad_header,
    "continued": _continued,
    "drip": _drip,
    "half_a_head": _half_a_head,
    "in_pieces": _in_pieces,
    "long_header": _long_header,
    "no_upgrade": _no_upgrade,
    "odd_spelling": _odd_spelling,
    "parts": _parts,
    "reset_in_the_head": _reset_in_the_head,
    "too_early": _too_early,
}


@contextmanager
def _websocket() -> Iterator[int]:
    def echo(connection: object) -> None:
        for message in connection:  # type: ignore[attr-defined]
            connection.send(message)  # type: ignore[attr-defined]

    with serve(echo, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()
