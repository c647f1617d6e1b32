"""What a client sends and gets, to the byte."""

from __future__ import annotations

import gzip
import re
import socket

__all__ = ["CASES", "exchanged", "left_after", "request"]

_FORM = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nhello\r\n'
    b'--B\r\nContent-Disposition: form-data; name="b"; filename="f"\r\n\r\n'
    + b"line\r\n" * 20_000
    + b"\r\n--B--\r\n"
)
_PARTS = {"Content-Type": "multipart/form-data; boundary=B"}
_JSON = b'{"a": [1, 2]}'


def request(
    target: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    version: str = "1.1",
) -> bytes:
    """One that closes its connection; `body` has its length unless it is in chunks."""
    named = {"Host": "shop.test", "Connection": "close", **(headers or {})}
    if body is not None and "Transfer-Encoding" not in named:
        named["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/{version}", *(f"{k}: {v}" for k, v in named.items()), "", ""]
    return "\r\n".join(lines).encode() + (body or b"")


def _posted(path: str, body: bytes, **headers: str) -> bytes:
    return request(path, "POST", body, {k.replace("_", "-"): v for k, v in headers.items()})


CASES: dict[str, bytes] = {
    "text": request("/text"),
    "head": request("/text", "HEAD"),
    "HTTP/1.0": request("/stream", version="1.0"),
    "bytes and cookies": request("/bytes"),
    "no content": request("/nothing"),
    "payload": request("/payload"),
    "generator that asks": request("/generator"),
    "stream": request("/stream"),
    "head of a stream": request("/compressed", "HEAD"),
    "stream of a length": request("/stream_of_length"),
    "compressed": request("/compressed", headers={"Accept-Encoding": "gzip"}),
    "compressed stream": request("/compressed_stream", headers={"Accept-Encoding": "gzip"}),
    "deflated stream": request("/compressed_stream", headers={"Accept-Encoding": "deflate"}),
    "file": request("/file/1000"),
    "range of a file": request("/file/1000", headers={"Range": "bytes=10-19"}),
    "no such range": request("/file/1000", headers={"Range": "bytes=2000-"}),
    "head of a file": request("/file/1000", "HEAD"),
    "long file": request("/file/1000000"),
    "empty file": request("/file/0"),
    "compressed file": request("/compressed_file", headers={"Accept-Encoding": "gzip"}),
    "upload": _posted("/reads", b"x" * 500_000),
    "coded upload": _posted("/reads", gzip.compress(b"y" * 5000, mtime=0), Content_Encoding="gzip"),
    "json": _posted("/reads_json", _JSON, Content_Type="application/json"),
    "coded json": _posted(
        "/reads_json",
        gzip.compress(_JSON, mtime=0),
        Content_Type="application/json",
        Content_Encoding="gzip",
    ),
    "form": _posted("/reads_form", b"a=1&b=%20c", Content_Type="application/x-www-form-urlencoded"),
    "form with a file": request("/reads_form", "POST", _FORM, _PARTS),
    "parts": request("/reads_parts", "POST", _FORM, _PARTS),
    "chunks": _posted(
        "/reads_chunks",
        b"3\r\none\r\n5dc\r\n" + b"z" * 1500 + b"\r\n0\r\n\r\n",
        Transfer_Encoding="chunked",
    ),
    "read a little": _posted("/reads_a_little", b"abcdefghij"),
    "read nothing": _posted("/reads_nothing", b"abcdefghij"),
    "expected": _posted("/reads", b"as asked for", Expect="100-continue"),
    "raised": request("/raises"),
    "raised as a page": request("/raises", headers={"Accept": "text/html"}),
    "raised HTTP": request("/raises_http"),
    "redirect": request("/redirects"),
    "timed out": request("/times_out"),
    "raised late": request("/raises_late"),
    "application below": request("/below/items/a%20b?q=1&q=2"),
    "absolute": request("http://shop.test/below/items/7"),
    "not found": request("/no/such"),
    "not allowed": request("/text", "PUT"),
    "asks": request("/asks"),
}
"""Requests by what is special in them."""

_DATE = re.compile(rb"\r\nDate: [^\r]*")


def exchanged(port: int, data: bytes) -> bytes:
    """All that comes back, but for the time of day."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(data)
        return _DATE.sub(b"", b"".join(iter(lambda: _received(connection), b"")))


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:  # closed with something unread
        return b""


def left_after(port: int, data: bytes, size: int) -> None:
    """Leave as soon as so much has come back."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(data)
        while size > 0:
            size -= len(_received(connection)) or size
