"""urllib3 by itself: pools, single connections, bodies in every way of reading them."""

from __future__ import annotations

import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Retry, Timeout, make_headers

from tests.http.answers import PLAIN
from tests.http.replies import BINARY
from tests.wire.caller import Caller, case

KIND = "urllib3"


def _get(name: str, target: str, **options: Any) -> None:
    @case(KIND, name)
    def run(caller: Caller) -> None:
        with urllib3.PoolManager() as pool:
            caller.tried(pool.request, "GET", caller.url + target, **options)


for _name, _target in PLAIN.items():
    _get(_name, _target)
for _name, _target in {
    "truncated_body": "/truncated",
    "chunked_cut_short": "/chunk-cut",
    "reset_in_the_body": "/reset-body",
    "reset_before_headers": "/reset",
    "hung_up_before_headers": "/hang-up",
    "an_answer_that_is_no_http": "/garbage",
    "redirects": "/hop?n=3",
    "redirect_loop": "/loop",
    "redirect_to_an_unknown_scheme": "/nowhere",
}.items():
    _get(_name, _target)
_get("no_retries", "/reset", retries=False)
_get("redirect_refused", "/hop?n=2", retries=Retry(redirect=0))
_get("redirect_left_alone", "/hop?n=2", redirect=False)
_get("statuses_tried_again", "/status?code=500", retries=Retry(2, status_forcelist=[500]))
_get("read_timeout_waiting_for_headers", "/slow-headers", timeout=0.3, retries=1)
_get("read_timeout_in_the_body", "/slow-body", timeout=Timeout(read=0.3), retries=False)
_get("not_decoded", "/gzip", decode_content=False)
_get("length_not_enforced", "/truncated", enforce_content_length=False)
_get("fields", "/echo", fields={"a": "1 2", "b": "ü"})


@case(KIND)
def methods(caller: Caller) -> None:
    with urllib3.PoolManager(headers={"X-Mine": "pool"}) as pool:
        for method in ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            caller.tried(pool.request, method, caller.url + "/echo", body=method)


BODIES: dict[str, dict[str, Any]] = {
    "send_bytes": {"body": BINARY},
    "send_bytearray": {"body": bytearray(b"mutable")},
    "send_text": {"body": "Grüße"},
    "send_json": {"json": {"a": [1, 2.5, None], "ü": "ü"}},
    "send_form": {"fields": {"a": "1 2", "b": "ü"}, "encode_multipart": False},
    "send_multipart": {"fields": {"file": ("a.txt", b"content", "text/plain"), "k": "v"}},
    "send_nothing": {},
    "send_chunked": {"body": [b"one", b"", b"two"], "chunked": True},
    "send_iterable_of_text": {"body": ["one", "zwö"]},
    "send_ten_megabytes": {"body": bytes(10 * 1024 * 1024)},
}


def _post(name: str, options: dict[str, Any]) -> None:
    @case(KIND, name)
    def run(caller: Caller) -> None:
        with urllib3.PoolManager() as pool:
            caller.tried(pool.request, "POST", caller.url + "/echo", **options)


for _name, _options in BODIES.items():
    _post(_name, _options)


@case(KIND)
def send_a_file(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        file = io.BytesIO(BINARY * 40)
        file.seek(5)
        caller.tried(pool.request, "POST", caller.url + "/echo", body=file)
        caller.note(at=file.tell())
        text = io.StringIO("Grüße")
        caller.tried(pool.request, "POST", caller.url + "/echo", body=text)
        caller.note(at=text.tell())


@case(KIND)
def send_a_file_again(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        file = io.BytesIO(b"sent twice")
        retries = Retry(1, status_forcelist=[500], allowed_methods=None)
        caller.tried(pool.request, "POST", caller.url + "/again", body=file)
        file.seek(0)
        caller.tried(
            pool.request, "PUT", caller.url + "/status?code=500", body=file, retries=retries
        )
        caller.note(at=file.tell())


@case(KIND)
def send_a_generator_that_fails(caller: Caller) -> None:
    def chunks() -> Any:
        yield b"first"
        raise ValueError("the application's own")

    with urllib3.PoolManager() as pool:
        caller.tried(pool.request, "POST", caller.url + "/echo", body=chunks())
        caller.tried(pool.request, "GET", caller.url + "/json")


STREAMS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "stream": ("/binary", "stream", (100,)),
    "stream_chunked": ("/chunks", "stream", (None,)),
    "stream_chunked_of_a_size": ("/chunks", "stream", (3,)),
    "stream_gzip": ("/gzip", "stream", (7,)),
    "stream_gzip_chunks": ("/gzip-chunks", "stream", (50,)),
    "read_chunked": ("/chunks", "read_chunked", ()),
    "read_chunked_of_a_size": ("/chunks", "read_chunked", (3,)),
    "read_chunked_decoded": ("/gzip-chunks", "read_chunked", (None, True)),
    "read_chunked_that_is_not": ("/text", "read_chunked", ()),
    "read_chunked_cut_short": ("/chunk-cut", "read_chunked", ()),
    "stream_with_trailers": ("/trailers", "stream", (None,)),
    "server_sent_events": ("/sse", "stream", (None,)),
    "stream_truncated": ("/truncated", "stream", (4,)),
    "stream_reset": ("/reset-body", "stream", (2,)),
    "stream_bad_gzip": ("/gzip-bad", "stream", (10,)),
    "stream_http_1_0": ("/old", "stream", (3,)),
    "stream_large": ("/large", "stream", (1_000_000,)),
    "lines": ("/text", "__iter__", ()),
}


def _stream(name: str, target: str, way: str, arguments: tuple[Any, ...]) -> None:
    @case(KIND, name)
    def run(caller: Caller) -> None:
        with urllib3.PoolManager() as pool:
            response = pool.request("GET", caller.url + target, preload_content=False)
            caller.each(getattr(response, way)(*arguments))
            caller.note(tell=response.tell(), left=response.length_remaining)
            response.release_conn()
            caller.note(response)


for _name, (_target, _way, _arguments) in STREAMS.items():
    _stream(_name, _target, _way, _arguments)


@case(KIND)
def read_piece_by_piece(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        for target in ("/text", "/gzip", "/chunks", "/binary"):
            response = pool.request("GET", caller.url + target, preload_content=False)
            pieces = [response.read(5), response.read1(7), response.read(1), response.read1()]
            caller.note(pieces=pieces, rest=response.read(), after=response.read(4))
            buffer = bytearray(8)
            caller.note(into=response.readinto(buffer), buffer=bytes(buffer))
            response.close()


@case(KIND)
def wrapped_in_a_buffer(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        response: Any = pool.request("GET", caller.url + "/text", preload_content=False)
        response.auto_close = False
        caller.note(lines=list(io.TextIOWrapper(response, encoding="utf-8")))


@case(KIND)
def left_unread_and_drained(caller: Caller) -> None:
    with urllib3.PoolManager(maxsize=1) as pool:
        response = pool.request("GET", caller.url + "/text", preload_content=False)
        response.drain_conn()
        response.release_conn()
        response = pool.request("GET", caller.url + "/large", preload_content=False)
        response.close()
        caller.tried(pool.request, "GET", caller.url + "/json")
        of = pool.connection_from_url(caller.url)
        caller.note(connections=of.num_connections, requests=of.num_requests)


@case(KIND)
def a_pool_of_one_host(caller: Caller) -> None:
    with urllib3.connection_from_url(caller.url, maxsize=1, block=True) as pool:
        caller.tried(pool.request, "GET", "/json")
        caller.tried(pool.urlopen, "POST", "/echo", b"positional", {"X-Mine": "1"})
        response = pool.urlopen("GET", "/chunks", preload_content=False)
        caller.tried(pool.urlopen, "GET", "/json", pool_timeout=0.1)
        response.close()


@case(KIND)
def a_connection_of_ones_own(caller: Caller) -> None:
    host, _, port = caller.url.removeprefix("http://").partition(":")
    connection = HTTPConnection(host, int(port), timeout=5)
    for target in ("/json", "/chunks", "/hop?n=1"):
        connection.request("GET", target)
        caller.tried(connection.getresponse)
    caller.note(peer=connection.sock.getpeername(), timeout=connection.sock.gettimeout())
    caller.note(closed=connection.is_closed, connected=connection.is_connected)
    connection.close()


@case(KIND)
def a_connection_over_tls(caller: Caller) -> None:
    host, _, port = caller.tls_url.removeprefix("https://").partition(":")
    connection = HTTPSConnection(host, int(port), ca_certs=caller.authority)
    connection.request("POST", "/echo", body=b"x", headers={"X-Mine": "2"})
    caller.tried(connection.getresponse)
    caller.note(verified=connection.is_verified, proxy=connection.proxy_is_verified)
    connection.close()


@case(KIND)
def the_top_level_function(caller: Caller) -> None:
    caller.tried(urllib3.request, "GET", caller.url + "/json")


@case(KIND)
def connection_refused(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        caller.tried(pool.request, "GET", caller.refused_url, retries=False)
        caller.tried(pool.request, "POST", caller.refused_url, body=b"x", retries=2)
        encrypted = caller.refused_url.replace("http:", "https:")
        caller.tried(pool.request, "GET", encrypted, retries=1)


@case(KIND)
def connect_timeout(caller: Caller) -> None:
    with urllib3.PoolManager(timeout=Timeout(connect=0.2)) as pool:
        caller.tried(pool.request, "GET", caller.deaf_url, retries=False)


@case(KIND)
def unknown_host(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        caller.tried(pool.request, "GET", "http://nowhere.invalid/", retries=False)


@case(KIND)
def requests_that_are_none(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        caller.tried(pool.request, "GET", "gopher://127.0.0.1/")
        caller.tried(pool.request, "GET\r\n", caller.url)
        caller.tried(pool.request, "GET", caller.url, headers={"X-Bad": "a\r\nb"})


@case(KIND)
def over_tls(caller: Caller) -> None:
    with urllib3.PoolManager(ca_certs=caller.authority) as pool:
        caller.tried(pool.request, "GET", caller.tls_url + "/json")
        caller.tried(pool.request, "GET", caller.tls_url + "/gzip-chunks")
        caller.tried(pool.request, "GET", caller.tls_url + "/truncated", retries=False)


@case(KIND)
def over_tls_that_nobody_vouches_for(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        caller.tried(pool.request, "GET", caller.tls_url + "/json", retries=False)
    with urllib3.PoolManager(ca_certs=caller.authority, assert_hostname="other") as pool:
        caller.tried(pool.request, "GET", caller.tls_url + "/json", retries=False)


@case(KIND)
def over_tls_with_a_fingerprint(caller: Caller) -> None:
    with urllib3.PoolManager(cert_reqs="CERT_NONE", assert_fingerprint="00" * 32) as pool:
        caller.tried(pool.request, "GET", caller.tls_url + "/json", retries=False)


@case(KIND)
def over_tls_unverified(caller: Caller) -> None:
    with (
        urllib3.PoolManager(cert_reqs="CERT_NONE") as pool,
        warnings.catch_warnings(record=True) as w,
    ):
        warnings.simplefilter("always")
        caller.tried(pool.request, "GET", caller.tls_url + "/json")
        caller.note(warned=[str(one.message) for one in w])


@case(KIND)
def plain_text_where_tls_is_expected(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        url = caller.url.replace("http:", "https:") + "/json"
        caller.tried(pool.request, "GET", url, retries=False)


def proxied(caller: Caller, password: str) -> urllib3.ProxyManager:
    headers = make_headers(proxy_basic_auth=f"user:{password}")
    url = caller.proxy_url.replace("user:secret@", "")
    return urllib3.ProxyManager(url, proxy_headers=headers, ca_certs=caller.authority)


@case(KIND)
def through_a_proxy(caller: Caller) -> None:
    with proxied(caller, "secret") as pool:
        caller.tried(pool.request, "GET", caller.url + "/json")
        caller.tried(pool.request, "GET", caller.tls_url + "/json")
        caller.tried(pool.request, "POST", caller.tls_url + "/echo", body=b"x")


@case(KIND)
def through_a_proxy_that_refuses(caller: Caller) -> None:
    with proxied(caller, "wrong") as pool:
        caller.tried(pool.request, "GET", caller.url + "/json", retries=False)
        caller.tried(pool.request, "GET", caller.tls_url + "/json", retries=1)


@case(KIND)
def through_a_proxy_that_is_not_there(caller: Caller) -> None:
    with urllib3.ProxyManager(caller.refused_url) as pool:
        caller.tried(pool.request, "GET", caller.url + "/json", retries=False)
        caller.tried(pool.request, "GET", caller.tls_url + "/json", retries=False)


@case(KIND)
def same_question_other_answers(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        for _ in range(3):
            caller.tried(pool.request, "GET", caller.url + "/count")


@case(KIND)
def concurrent_calls(caller: Caller) -> None:
    with urllib3.PoolManager(maxsize=2) as pool, ThreadPoolExecutor(3) as threads:
        jobs = [
            threads.submit(copy_context().run, pool.request, "GET", f"{caller.url}/echo?n={n}")
            for n in range(6)
        ]
        caller.note(bodies=[job.result().json()["target"] for job in jobs])


@case(KIND)
def an_upload_that_nobody_reads(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        body = bytes(8_000_000)
        caller.tried(
            pool.request, "POST", caller.url + "/unread", body=body, timeout=0.4, retries=False
        )


@case(KIND)
def an_answer_before_the_whole_upload(caller: Caller) -> None:
    with urllib3.PoolManager() as pool:
        for body in (b"small", bytes(3_000_000), iter([b"piece"] * 50)):
            caller.tried(pool.request, "PUT", caller.eager_url + "/", body=body)
