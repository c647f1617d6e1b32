"""Requests over plain sockets, byte by byte, and every byte that came back."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

WAIT_S = 30.0
Headers = Iterable[tuple[str, str]]

CASES: dict[str, Callable[[Talk], None]] = {}
"""What every application answers; `FRAMEWORK` and `FASTAPI` only those made with them."""

FRAMEWORK: dict[str, Callable[[Talk], None]] = {}
FASTAPI: dict[str, Callable[[Talk], None]] = {}


@dataclass
class Talk:
    """One case's conversation. `seen` is its transcript, `asked` the number of requests."""

    case: str
    port: int
    bare: str
    seen: list[str] = field(default_factory=list)
    asked: int = 0

    def connect(self) -> Wire:
        return Wire(self, socket.create_connection(("127.0.0.1", self.port), WAIT_S))

    def ask(self, path: str, method: str = "GET", data: bytes = b"", headers: Headers = ()) -> None:
        """One request on a connection of its own, answered until the server closes it."""
        with self.connect() as wire:
            wire.send(self.request(path, method, data, [("connection", "close"), *headers]))
            wire.read_to_end()

    def request(self, path: str, method: str, data: bytes = b"", headers: Headers = ()) -> bytes:
        sized = [("content-length", str(len(data)))] if data or method == "POST" else []
        return self.head(path, method, [*sized, *headers]) + data

    def head(self, path: str, method: str, headers: Headers = ()) -> bytes:
        self.asked += 1
        path = path if path.startswith("/") else f"{self.bare}/{path}"
        own = [("Host", "shop.test"), ("X-Case", self.case)]
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in own)]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode()


class Wire:
    def __init__(self, talk: Talk, connection: socket.socket) -> None:
        self._talk = talk
        self._socket = connection
        self._kept = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self._talk.seen.append("<refused>")

    def note(self, data: bytes) -> None:
        shown = data.decode("latin-1")
        if len(data) > 20_000:
            shown = f"{shown[:500]}… {len(data)} {hashlib.sha256(data).hexdigest()}"
        self._talk.seen.append(shown)

    def read_to_end(self) -> None:
        data = [self._kept]
        self._kept = b""
        try:
            while chunk := self._socket.recv(65536):
                data.append(chunk)
        except ConnectionResetError:  # what the system makes of a close before all was read
            pass
        self.note(b"".join(data))
        self._talk.seen.append("<end>")

    def read_until(self, mark: bytes) -> None:
        while mark not in self._kept:
            chunk = self._socket.recv(65536)
            if not chunk:
                self._talk.seen.append("<ended too early>")
                break
            self._kept += chunk
        found, mark, self._kept = self._kept.partition(mark)
        self.note(found + mark)

    def leave(self) -> None:
        """Close at once, whatever is still on its way."""
        self._socket.close()


def case(function: Callable[[Talk], None]) -> Callable[[Talk], None]:
    CASES[function.__name__] = function
    return function


def framework(function: Callable[[Talk], None]) -> Callable[[Talk], None]:
    FRAMEWORK[function.__name__] = function
    return function


def fastapi(function: Callable[[Talk], None]) -> Callable[[Talk], None]:
    FASTAPI[function.__name__] = function
    return function


PLAIN = (
    *("scope", "download", "large_download", "headers_only", "mutated", "never_read"),
    *("fails_before", "fails_within", "fails_after", "fails_as_group", "fails_at_the_base"),
    *("cancels_itself", "cancelled_tasks", "sends_twice", "body_first", "nonsense"),
    *("goes_on", "tasks", "threads", "blocking"),
)
for _name in PLAIN:
    CASES[_name] = lambda talk: talk.ask(talk.case)

JSON_BODY = json.dumps(
    {"password": "p", "email": "e@x", "page": 3, "age": 4, "token": "t"}
).encode()
JSON = [("content-type", "application/json")]
FORM = [("content-type", "application/x-www-form-urlencoded")]
MULTIPART = [("content-type", "multipart/form-data; boundary=XX")]
UPLOAD = (
    b'--XX\r\nContent-Disposition: form-data; name="note"\r\n\r\npassword=1\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="page"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" + bytes(range(256)) * 300 + b"\r\n--XX--\r\n"
)
NOISE = random.Random(1).randbytes(1024 * 1024)


@case
def secrets_in_a_json_body_arrive_as_they_are(talk: Talk) -> None:
    talk.ask("echo", "POST", JSON_BODY, JSON)


@case
def form_fields_arrive_as_they_are(talk: Talk) -> None:
    talk.ask("echo", "POST", b"password=a+b&email=%40&page=1&page=2", FORM)


@case
def a_large_json_post_is_answered(talk: Talk) -> None:
    talk.ask("echo", "POST", json.dumps([JSON_BODY.decode()] * 1500).encode(), JSON)


@case
def a_binary_post_is_answered(talk: Talk) -> None:
    talk.ask("echo", "POST", NOISE[:100_000], [("content-type", "application/octet-stream")])


@case
def a_binary_upload_of_ten_megabytes(talk: Talk) -> None:
    talk.ask("echo", "PUT", NOISE * 10)


@case
def a_multipart_upload(talk: Talk) -> None:
    talk.ask("echo", "POST", UPLOAD, MULTIPART)


@case
def a_streamed_upload(talk: Talk) -> None:
    with talk.connect() as wire:
        wire.send(talk.head("echo", "POST", [("transfer-encoding", "chunked")]))
        for number in range(5):
            wire.send(b"8\r\npart %03d\r\n" % number)
            time.sleep(0.002)
        wire.send(b"0\r\nx-trailer: 1\r\n\r\n")
        wire.read_until(b"]")


@case
def a_slow_client(talk: Talk) -> None:
    with talk.connect() as wire:
        for byte in talk.request("echo", "POST", b"slowly", [("connection", "close")]):
            wire.send(bytes([byte]))
        wire.read_to_end()


@case
def a_slow_reader(talk: Talk) -> None:
    with talk.connect() as wire:
        wire.send(talk.request("large_download", "GET", headers=[("connection", "close")]))
        time.sleep(0.1)
        wire.read_to_end()


@case
def expect_continue(talk: Talk) -> None:
    headers = [("expect", "100-continue"), ("content-length", "4"), ("connection", "close")]
    with talk.connect() as wire:
        wire.send(talk.head("echo", "POST", headers))
        wire.read_until(b"\r\n\r\n")
        wire.send(b"data")
        wire.read_to_end()


@case
def expect_continue_of_a_body_nobody_reads(talk: Talk) -> None:
    headers = [("expect", "100-continue"), ("content-length", "4"), ("connection", "close")]
    with talk.connect() as wire:
        wire.send(talk.head("never_read", "POST", headers))
        wire.read_to_end()


@case
def head_has_no_body(talk: Talk) -> None:
    talk.ask("download", "HEAD")


@case
def one_connection_serves_many_requests(talk: Talk) -> None:
    with talk.connect() as wire:
        for number in range(3):
            wire.send(talk.request(f"echo?n={number}", "POST", b"%d" % number))
            wire.read_until(b"]")


@case
def pipelined_requests_are_answered_in_order(talk: Talk) -> None:
    with talk.connect() as wire:
        wire.send(b"".join(talk.request("echo", "POST", b"%d" % number) for number in range(3)))
        for _ in range(3):
            wire.read_until(b"]")


@case
def a_body_that_is_partly_read(talk: Talk) -> None:
    talk.ask("partly_read", "POST", NOISE[:300_000])


@case
def a_request_that_is_read_beyond_its_end(talk: Talk) -> None:
    talk.ask("read_beyond", "POST", b"all")


@case
def a_client_that_leaves_within_its_upload(talk: Talk) -> None:
    with talk.connect() as wire:
        wire.send(talk.head("upload_breaks", "POST", [("content-length", "1000")]) + b"half")
        time.sleep(0.05)


@case
def a_client_that_leaves_within_the_answer(talk: Talk) -> None:
    with talk.connect() as wire:
        wire.send(talk.request("reader_leaves", "GET"))
        wire.read_until(b"first")
    time.sleep(0.05)


@case
def odd_targets_and_headers(talk: Talk) -> None:
    talk.ask("echo?a=1&a=2&b=%FF%20+;c", headers=[("x-twice", "1"), ("X-Twice", "2"), ("x-e", "")])
    talk.ask("/caf%C3%A9//..%2F/echo" if not talk.bare else f"{talk.bare}/%C3%A9/echo")


@case
def the_proxy_s_word_is_taken(talk: Talk) -> None:
    talk.ask("scope", headers=[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")])


@case
def a_request_that_is_no_http(talk: Talk) -> None:
    with talk.connect() as wire:
        wire.send(b"GARBAGE\r\n\r\n")
        wire.read_to_end()


@case
def a_trace_of_the_caller_s(talk: Talk) -> None:
    talk.ask("echo", headers=[("traceparent", f"00-{'ab' * 16}-{'cd' * 8}-01")])


@case
def a_websocket(talk: Talk) -> None:
    key = base64.b64encode(b"0123456789abcdef").decode()
    upgrade = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]
    with talk.connect() as wire:
        protocols = [("sec-websocket-key", key), ("sec-websocket-protocol", "own")]
        wire.send(talk.head("/socket", "GET", [*upgrade, *protocols]))
        talk.asked = 1  # a WebSocket is noted as its handshake
        wire.read_until(b"\r\n\r\n")
        for opcode, data, answer in ((1, b"hello", b"hello"), (2, b"\x00\xff", b"\x00\xff")):
            wire.send(bytes([0x80 | opcode, 0x80 | len(data), 0, 0, 0, 0]) + data)
            wire.read_until(answer)  # a server may close before it has echoed
        wire.send(bytes([0x81, 0x85, 0, 0, 0, 0]) + b"close")
        wire.read_until(b"as asked")
        wire.send(bytes([0x88, 0x82, 0, 0, 0, 0]) + (4001).to_bytes(2, "big"))
        wire.read_to_end()


for _name in ("state", "streaming", "streaming_fails", "handled", "unhandled"):
    FRAMEWORK[_name] = lambda talk: talk.ask(
        f"/{talk.case}", headers=[("cookie", "a=b; password=c")]
    )
for _name in ("background_fails", "in_a_thread", "middleware_fails", "no_such_path"):
    FRAMEWORK[_name] = lambda talk: talk.ask(f"/{talk.case}")


@framework
def a_method_that_is_not_allowed(talk: Talk) -> None:
    talk.ask("/state", "DELETE")


@framework
def a_preflight_request(talk: Talk) -> None:
    asked = [("access-control-request-method", "PUT")]
    for origin in ("http://friend", "http://foe"):
        talk.ask("/state", "OPTIONS", headers=[("origin", origin), *asked])


@framework
def a_request_of_another_origin(talk: Talk) -> None:
    talk.ask("/handled", headers=[("origin", "http://friend")])


@framework
def a_body_read_twice(talk: Talk) -> None:
    talk.ask("/read_twice", "POST", JSON_BODY, JSON)


@framework
def a_stream_partly_read(talk: Talk) -> None:
    talk.ask("/stream_partly", "POST", NOISE[:300_000])


@framework
def a_form(talk: Talk) -> None:
    talk.ask("/form", "POST", b"password=a+b&email=%40&page=1&page=2", FORM)
    talk.ask("/form", "POST", UPLOAD, MULTIPART)
    talk.ask("/form", "POST", b"--XX\r\nbroken", MULTIPART)


@framework
def a_reader_who_leaves_an_endless_stream(talk: Talk) -> None:
    with talk.connect() as wire:
        wire.send(talk.request("/streaming_endless", "GET"))
        wire.read_until(b"x" * 100)
    time.sleep(0.05)


@fastapi
def a_model_of_secrets(talk: Talk) -> None:
    talk.ask("/users/7?q=password", "POST", JSON_BODY, JSON)
    talk.ask("/users/x", "POST", JSON_BODY, JSON)
    talk.ask("/users/7", "POST", b'{"email": 1}', JSON)
    talk.ask("/users/7", "POST", b"{broken", JSON)


@fastapi
def a_form_of_secrets(talk: Talk) -> None:
    talk.ask("/login", "POST", b"password=a+b&email=me%40x", FORM)
    talk.ask("/upload", "POST", UPLOAD, MULTIPART)


@fastapi
def a_large_json_body(talk: Talk) -> None:
    talk.ask("/raw", "POST", json.dumps([JSON_BODY.decode()] * 1500).encode(), JSON)


@fastapi
def background_tasks(talk: Talk) -> None:
    talk.ask("/later")


@fastapi
def dependencies(talk: Talk) -> None:
    talk.ask("/depends")
    talk.ask("/depends?fails=1")


@fastapi
def the_description_of_the_interface(talk: Talk) -> None:
    talk.ask("/openapi.json")
    talk.ask("/docs")


def all_cases(application: str) -> dict[str, Callable[[Talk], None]]:
    """The cases of ``bare``, ``starlette`` or ``fastapi``."""
    beyond = {"bare": [], "starlette": [FRAMEWORK], "fastapi": [FRAMEWORK, FASTAPI]}
    cases = dict(CASES)
    for more in beyond[application]:
        cases |= more
    return cases


def run_cases(application: str, port: int) -> list[Talk]:
    """Every case's conversation, once nothing the application started still runs."""
    prefix = "" if application == "bare" else "/bare"
    talks = []
    for name, function in all_cases(application).items():
        talks.append(Talk(name, port, prefix))
        function(talks[-1])
    Talk("", port, prefix).ask("quiet")
    return talks
