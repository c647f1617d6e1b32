"""What the awkward server answers: a function a route. True keeps the connection."""

from __future__ import annotations

import gzip as gzip_module
import hashlib
import json as json_module
import ssl
import zlib
from email import message_from_bytes
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from tests.http.upstream import Asked

WORDS = b'{"name": "Z\\u00fcrich", "n": [1, 2.50, 1e3], "big": 12345678901234567890}'
TEXT = "Grüße aus Zürich — ☃\nzweite Zeile\r\ndritte".encode()
BINARY = bytes(range(256)) * 3
LARGE = hashlib.sha256(b"large").digest() * (3 * 1024 * 1024 // 32)


def reply(
    asked: Asked,
    body: bytes = b"",
    *headers: bytes,
    status: bytes = b"200 OK",
    keep: bool = True,
) -> bool:
    """A reply with a length; to HEAD without the body."""
    lines = [b"HTTP/1.1 " + status, *headers]
    lines.append(b"Content-Length: %d" % len(body))
    asked.send(b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if asked.method == "HEAD" else body))
    return keep


def chunked_reply(asked: Asked, chunks: list[bytes], *headers: bytes, trailer: bytes = b"") -> bool:
    """Each chunk by itself: the reader has it before the next one comes."""
    asked.send(
        b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"Transfer-Encoding: chunked", b"", b""])
    )
    for chunk in chunks:
        asked.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        asked.wait(0.005)
    asked.send(b"0\r\n" + trailer + b"\r\n")
    return True


def missing(asked: Asked) -> bool:
    return reply(asked, b"not here", b"Content-Type: text/plain", status=b"404 Not Found")


def json(asked: Asked) -> bool:
    return reply(asked, WORDS, b"Content-Type: application/json")


def pretty(asked: Asked) -> bool:
    data = json_module.dumps({"b": 1, "a": ["ü", None, True]}, indent=2, ensure_ascii=False)
    return reply(asked, data.encode() + b"\n", b"content-type: application/json; charset=utf-8")


def null(asked: Asked) -> bool:
    return reply(asked, b"null", b"Content-Type: application/json")


def text(asked: Asked) -> bool:
    return reply(asked, TEXT, b"Content-Type: text/plain; charset=utf-8")


def latin(asked: Asked) -> bool:
    body = "Grüße, ÿ".encode("latin-1")
    return reply(asked, body, b"Content-Type: text/html; charset=iso-8859-1")


def no_type(asked: Asked) -> bool:
    return reply(asked, TEXT)


def binary(asked: Asked) -> bool:
    return reply(asked, BINARY, b"Content-Type: application/octet-stream")


def empty(asked: Asked) -> bool:
    return reply(asked, b"", b"Content-Type: application/json")


def gzip(asked: Asked) -> bool:
    return reply(asked, gzip_module.compress(WORDS, 6, mtime=7), b"Content-Encoding: gzip")


def gzip_twice(asked: Asked) -> bool:
    """Two members: a reader may go on after the first or stop there."""
    body = gzip_module.compress(b"one ", mtime=1) + gzip_module.compress(b"two", mtime=1)
    return reply(asked, body, b"Content-Encoding: gzip")


def gzip_cut(asked: Asked) -> bool:
    return reply(asked, gzip_module.compress(TEXT * 9, mtime=1)[:-9], b"Content-Encoding: gzip")


def gzip_bad(asked: Asked) -> bool:
    return reply(asked, b"this is no gzip at all", b"Content-Encoding: gzip")


def deflate(asked: Asked) -> bool:
    return reply(asked, zlib.compress(TEXT, 3), b"Content-Encoding: deflate")


def deflate_raw(asked: Asked) -> bool:
    coder = zlib.compressobj(wbits=-15)
    body = coder.compress(TEXT) + coder.flush()
    return reply(asked, body, b"Content-Encoding: deflate")


def br(asked: Asked) -> bool:
    import brotli

    return reply(asked, brotli.compress(TEXT, quality=3), b"Content-Encoding: br")


def zstd(asked: Asked) -> bool:
    import zstandard

    body = zstandard.ZstdCompressor(level=9).compress(TEXT)
    return reply(asked, body, b"Content-Encoding: zstd")


def layers(asked: Asked) -> bool:
    body = gzip_module.compress(zlib.compress(TEXT), mtime=3)
    return reply(asked, body, b"Content-Encoding: deflate, gzip")


def unknown_coding(asked: Asked) -> bool:
    return reply(asked, b"as is", b"Content-Encoding: rot13")


def identity(asked: Asked) -> bool:
    return reply(asked, b"as is", b"Content-Encoding: identity")


def chunks(asked: Asked) -> bool:
    parts = [b"alpha\n", b"beta", b"\ngam", "mü".encode()[:2], "mü".encode()[2:], b"a\r\n"]
    return chunked_reply(asked, parts, b"Content-Type: text/plain; charset=utf-8")


def gzip_chunks(asked: Asked) -> bool:
    whole = gzip_module.compress(BINARY * 4, mtime=5)
    parts = [whole[:3], whole[3:40], whole[40:]]
    return chunked_reply(asked, parts, b"Content-Encoding: gzip")


def trailers(asked: Asked) -> bool:
    return chunked_reply(asked, [b"body"], b"Trailer: X-Sum", trailer=b"X-Sum: 4\r\n")


def sse(asked: Asked) -> bool:
    events = [b"event: tick\ndata: %d\nid: %d\n\n" % (n, n) for n in range(3)]
    return chunked_reply(asked, events, b"Content-Type: text/event-stream")


def headers(asked: Asked) -> bool:
    return reply(
        asked,
        b"{}",
        b"X-Twice: one",
        b"x-twice: two",
        b"X-UPPER-lower: As-It-Is",
        b"X-Empty:",
        b"X-Colon: a: b: c",
        b"X-Latin: caf\xe9",
        b"Date: Tue, 01 Jan 2030 00:00:00 GMT",
        b"Link: </a>; rel=next, </b>; rel=prev",
    )


def cookies(asked: Asked) -> bool:
    return reply(
        asked,
        b"sweet",
        b"Set-Cookie: a=1; Path=/",
        b"Set-Cookie: b=2; Path=/; HttpOnly; Max-Age=3600",
        b'Set-Cookie: c="q"; Path=/jar',
        b"set-cookie: gone=x; Max-Age=0; Path=/",
    )


def hop(asked: Asked) -> bool:
    left = int(asked.query["n"][0])
    if left == 0:
        return reply(asked, asked.headers.get("cookie", "none").encode())
    to = b"Location: /hop?n=%d" % (left - 1)
    return reply(asked, b"on", to, b"Set-Cookie: hop%d=x; Path=/" % left, status=b"302 Found")


def loop(asked: Asked) -> bool:
    return reply(asked, b"", b"Location: /loop", status=b"301 Moved Permanently")


def see_other(asked: Asked) -> bool:
    return reply(asked, b"", b"Location: /echo?seen=1", status=b"303 See Other")


def again(asked: Asked) -> bool:
    return reply(asked, b"", b"Location: /echo", status=b"307 Temporary Redirect")


def nowhere(asked: Asked) -> bool:
    return reply(asked, b"", b"Location: gopher://old/", status=b"302 Found")


def status(asked: Asked) -> bool:
    code = asked.query["code"][0]
    phrase = {"404": b"404 Not Found", "500": b"500 Internal Server Error"}.get(code)
    body = b'{"error":"' + code.encode() + b'"}'
    return reply(asked, body, b"X-Kind: error", status=phrase or code.encode() + b" Odd Phrase!")


def no_phrase(asked: Asked) -> bool:
    asked.send(b"HTTP/1.1 299 \r\nContent-Length: 2\r\n\r\nok")
    return True


def nothing(asked: Asked) -> bool:
    asked.send(b"HTTP/1.1 204 No Content\r\nX-Made: yes\r\n\r\n")
    return True


def unchanged(asked: Asked) -> bool:
    asked.send(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
    return True


def early(asked: Asked) -> bool:
    asked.send(b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n")
    return reply(asked, b"late")


def old(asked: Asked) -> bool:
    """HTTP/1.0, its end told by the end of the connection."""
    asked.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold style")
    return False


def truncated(asked: Asked) -> bool:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    return False


def chunk_cut(asked: Asked) -> bool:
    asked.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n")
    return False


def reset_body(asked: Asked) -> bool:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
    asked.wait(0.1)
    asked.reset()
    return False


def reset(asked: Asked) -> bool:
    asked.reset()
    return False


def hang_up(asked: Asked) -> bool:
    return False


def garbage(asked: Asked) -> bool:
    asked.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    return False


def slow_headers(asked: Asked) -> bool:
    asked.wait(5)
    return False


def slow_body(asked: Asked) -> bool:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst")
    asked.wait(5)
    return False


def unread(asked: Asked) -> bool:
    """The request's body is left where it is."""
    asked.wait(5)
    return False


def large(asked: Asked) -> bool:
    return reply(asked, LARGE)


def digest(asked: Asked) -> bool:
    if asked.headers.get("authorization", "").startswith("Digest"):
        return reply(asked, b"come in")
    challenge = b'WWW-Authenticate: Digest realm="r", nonce="abc", qop="auth", algorithm=SHA-256'
    return reply(asked, b"who", challenge, status=b"401 Unauthorized")


def count(asked: Asked) -> bool:
    return reply(asked, b"%d" % asked.times)


def echo(asked: Asked) -> bool:
    """What came, without what is drawn anew for each request."""
    kind = asked.headers.get("content-type", "")
    said: dict[str, object] = {
        "method": asked.method,
        "target": asked.target,
        "size": len(asked.body),
    }
    if kind.startswith("multipart/"):
        message: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body)
        said["size"] = 0
        said["parts"] = [
            [part["content-disposition"], str(part.get_payload())] for part in message.get_payload()
        ]
    elif "form" in kind:
        said["form"] = parse_qsl(asked.body.decode())
    else:
        said["sha"] = hashlib.sha256(asked.body).hexdigest()
    said["kept"] = {k: v for k, v in asked.headers.items() if k in ("cookie", "x-mine")}
    return reply(asked, json_module.dumps(said).encode(), b"Content-Type: application/json")


def who(asked: Asked) -> bool:
    """The name in the client's certificate."""
    certificate = asked.wire.getpeercert() if isinstance(asked.wire, ssl.SSLSocket) else None
    names = (certificate or {}).get("subjectAltName", ())
    return reply(asked, repr(names).encode())


def mounted(asked: Asked) -> bool:
    return reply(asked, b"through the mount")


def upload(asked: Asked) -> bool:
    """Takes everything, and hangs up on what it does not like."""
    if asked.body.startswith(b"fails"):
        return False
    return reply(asked, asked.body)


def too_much(asked: Asked) -> bool:
    """Says so before the body has come, and hangs up."""
    reply(asked, b"no more", b"Connection: close", status=b"413 Content Too Large")
    asked.wait(0.1)
    return False
