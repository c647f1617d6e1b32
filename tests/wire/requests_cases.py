"""requests, in the ways that people use it."""

from __future__ import annotations

import io
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from urllib3.util import Retry

from tests.http.answers import PLAIN
from tests.http.replies import BINARY
from tests.wire.caller import Caller, case

KIND = "requests"
TIMEOUT = 20


def session(**attributes: Any) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def _get(name: str, target: str, **options: Any) -> None:
    @case(KIND, name)
    def run(caller: Caller) -> None:
        with session() as using:
            caller.tried(using.get, caller.url + target, **{"timeout": TIMEOUT, **options})
            caller.note(jar=sorted(using.cookies.items()))


for _name, _target in PLAIN.items():
    _get(_name, _target)
for _name, _target in {
    "truncated_body": "/truncated",
    "chunked_cut_short": "/chunk-cut",
    "reset_in_the_body": "/reset-body",
    "reset_before_headers": "/reset",
    "hung_up_before_headers": "/hang-up",
    "an_answer_that_is_no_http": "/garbage",
    "set_cookies": "/cookies",
    "redirects_with_cookies": "/hop?n=3",
    "redirect_loop": "/loop",
    "redirect_to_an_unknown_scheme": "/nowhere",
}.items():
    _get(_name, _target)
_get("no_redirect_followed", "/hop?n=1", allow_redirects=False)
_get("read_timeout_waiting_for_headers", "/slow-headers", timeout=0.3)
_get("read_timeout_in_the_body", "/slow-body", timeout=0.3)


@case(KIND)
def methods(caller: Caller) -> None:
    with session() as using:
        for method in ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            caller.tried(using.request, method, caller.url + "/echo", data=method.encode())


BODIES: dict[str, dict[str, Any]] = {
    "send_bytes": {"data": BINARY},
    "send_text": {"data": "Grüße".encode()},
    "send_json": {"json": {"a": [1, 2.5, None], "ü": "ü"}},
    "send_form": {"data": {"a": "1 2", "b": ["x", "ü"]}},
    "send_nothing": {},
    "send_ten_megabytes": {"data": bytes(10 * 1024 * 1024)},
    "send_multipart": {"files": {"file": ("a.txt", b"content", "text/plain")}, "data": {"k": "v"}},
    "send_params": {"params": {"q": ["1", "ü"], "z": ""}},
}


def _post(name: str, options: dict[str, Any]) -> None:
    @case(KIND, name)
    def run(caller: Caller) -> None:
        with session() as using:
            caller.tried(using.post, caller.url + "/echo", timeout=TIMEOUT, **options)


for _name, _options in BODIES.items():
    _post(_name, _options)


@case(KIND)
def send_a_generator(caller: Caller) -> None:
    taken: list[bytes] = []

    def chunks() -> Any:
        for chunk in (b"one", b"", b"two"):
            taken.append(chunk)
            yield chunk

    with session() as using:
        caller.tried(using.post, caller.url + "/echo", data=chunks())
    caller.note(taken=taken)


@case(KIND)
def send_a_generator_that_fails(caller: Caller) -> None:
    def chunks() -> Any:
        yield b"first"
        raise ValueError("the application's own")

    with session() as using:
        caller.tried(using.post, caller.url + "/echo", data=chunks())
        caller.tried(using.get, caller.url + "/json")


@case(KIND)
def send_a_file(caller: Caller) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload.bin"
        file.write_bytes(BINARY * 50)
        with session() as using, file.open("rb") as opened:
            opened.seek(7)
            caller.tried(using.post, caller.url + "/echo", data=opened)
            caller.note(at=opened.tell())


@case(KIND)
def send_a_file_through_a_redirect(caller: Caller) -> None:
    with session() as using:
        file = io.BytesIO(b"sent twice")
        caller.tried(using.post, caller.url + "/again", data=file)
        caller.note(at=file.tell())


@case(KIND)
def send_two_uploads_that_differ_in_one_byte(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.post, caller.url + "/echo", data=b"item A")
        caller.tried(using.post, caller.url + "/echo", data=b"item B")


@case(KIND)
def post_becomes_get_and_post_is_sent_again(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.post, caller.url + "/see-other", json={"a": 1})
        caller.tried(using.post, caller.url + "/again", json={"a": 1})


@case(KIND)
def same_question_other_answers(caller: Caller) -> None:
    with session() as using:
        for _ in range(3):
            caller.tried(using.get, caller.url + "/count")


@case(KIND)
def cookies_of_a_session(caller: Caller) -> None:
    with session() as using:
        using.cookies.set("mine", "1")
        caller.tried(using.get, caller.url + "/cookies")
        caller.tried(using.get, caller.url + "/echo", cookies={"once": "2"})
        caller.note(jar=sorted((c.name, c.value, c.path) for c in using.cookies))


@case(KIND)
def basic_and_digest_auth(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, caller.url + "/echo", auth=("user", "secret"))
        caller.tried(using.get, caller.url + "/digest", auth=HTTPDigestAuth("user", "secret"))


@case(KIND)
def hooks(caller: Caller) -> None:
    def seen(response: requests.Response, **_: Any) -> None:
        caller.note(hook=response.status_code, body=response.text)

    with session() as using:
        caller.tried(using.get, caller.url + "/hop?n=1", hooks={"response": seen})


@case(KIND)
def an_adapter_that_retries(caller: Caller) -> None:
    with session() as using:
        retry = Retry(total=2, status_forcelist=[500], backoff_factor=0)
        using.mount("http://", HTTPAdapter(max_retries=retry))
        caller.tried(using.get, caller.url + "/status?code=500")
        caller.tried(using.get, caller.url + "/reset")


@case(KIND)
def an_adapter_of_ones_own(caller: Caller) -> None:
    class Mine(HTTPAdapter):
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            request.headers["X-Mine"] = "adapter"
            return super().send(request, *args, **options)

    with session() as using:
        using.mount("http://", Mine(pool_maxsize=1, pool_block=True))
        caller.tried(using.get, caller.url + "/echo")


@case(KIND)
def a_prepared_request(caller: Caller) -> None:
    with session() as using:
        request = using.prepare_request(requests.Request("POST", caller.url + "/echo", data="x"))
        request.headers["X-Mine"] = "by hand"
        caller.tried(using.send, request, stream=True)


@case(KIND)
def without_a_session(caller: Caller) -> None:
    caller.tried(requests.get, caller.url + "/json", timeout=TIMEOUT)
    caller.tried(requests.post, caller.url + "/echo", json=[1])


STREAMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "iter_content": ("/binary", "iter_content", {"chunk_size": 100}),
    "iter_content_chunked_as_it_comes": ("/chunks", "iter_content", {"chunk_size": None}),
    "iter_content_gzip_chunks": ("/gzip-chunks", "iter_content", {"chunk_size": None}),
    "iter_content_text": ("/text", "iter_content", {"chunk_size": 9, "decode_unicode": True}),
    "iter_lines": ("/chunks", "iter_lines", {}),
    "server_sent_events": ("/sse", "iter_lines", {"chunk_size": 1}),
    "stream_truncated": ("/truncated", "iter_content", {"chunk_size": 4}),
    "stream_chunked_cut_short": ("/chunk-cut", "iter_content", {"chunk_size": None}),
    "stream_reset": ("/reset-body", "iter_content", {"chunk_size": 2}),
    "stream_bad_gzip": ("/gzip-bad", "iter_content", {"chunk_size": 10}),
    "stream_large": ("/large", "iter_content", {"chunk_size": 1_000_000}),
    "stream_http_1_0": ("/old", "iter_content", {"chunk_size": 3}),
}


def _stream(name: str, target: str, way: str, options: dict[str, Any]) -> None:
    @case(KIND, name)
    def run(caller: Caller) -> None:
        with session() as using, using.get(caller.url + target, stream=True) as response:
            caller.each(getattr(response, way)(**options))
            caller.note(closed=response.raw.closed, tell=response.raw.tell())


for _name, (_target, _way, _options) in STREAMS.items():
    _stream(_name, _target, _way, _options)


@case(KIND)
def stream_timeout_after_the_first_bytes(caller: Caller) -> None:
    with session() as using:
        response = using.get(caller.url + "/slow-body", stream=True, timeout=0.3)
        caller.each(response.iter_content(5))


@case(KIND)
def left_unread(caller: Caller) -> None:
    with session() as using:
        response = using.get(caller.url + "/large", stream=True)
        caller.note(status=response.status_code, closed=response.raw.closed)
        response.close()
        caller.note(closed=response.raw.closed)
        caller.tried(using.get, caller.url + "/json")


@case(KIND)
def closed_after_the_first_chunk(caller: Caller) -> None:
    with session() as using, using.get(caller.url + "/large", stream=True) as response:
        for chunk in response.iter_content(1000):
            caller.note(first=chunk)
            break


@case(KIND)
def read_from_raw(caller: Caller) -> None:
    with session() as using:
        response = using.get(caller.url + "/gzip", stream=True)
        caller.note(raw=response.raw.read(10), rest=response.raw.read(), after=response.raw.read())
        response = using.get(caller.url + "/gzip", stream=True)
        caller.note(decoded=response.raw.read(decode_content=True))
        response = using.get(caller.url + "/text", stream=True)
        caller.note(lines=io.BufferedReader(response.raw).readlines())


@case(KIND)
def the_socket_beneath(caller: Caller) -> None:
    with session() as using:
        response = using.get(caller.url + "/large", stream=True)
        wire = response.raw._fp.fp.raw._sock
        caller.note(peer=wire.getpeername(), own=wire.getsockname()[0], timeout=wire.gettimeout())
        response.close()


@case(KIND)
def an_error_in_the_reader(caller: Caller) -> None:
    def run() -> None:
        with session() as using, using.get(caller.url + "/chunks", stream=True):
            raise KeyError("the application's own")

    caller.tried(run)


@case(KIND)
def connection_refused(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, caller.refused_url + "/")
        using.mount("http://", HTTPAdapter(max_retries=1))
        caller.tried(using.post, caller.refused_url + "/", data=b"x")


@case(KIND)
def connection_refused_over_tls(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, caller.refused_url.replace("http:", "https:") + "/")


@case(KIND)
def connect_timeout(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, caller.deaf_url + "/", timeout=(0.2, 5))


@case(KIND)
def unknown_host(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, "http://nowhere.invalid/")
        caller.tried(using.get, "https://nowhere.invalid/")


@case(KIND)
def requests_that_are_none(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, "gopher://127.0.0.1/")
        caller.tried(using.get, "no url at all")
        caller.tried(using.get, caller.url, headers={"X-Bad": "a\r\nb"})


@case(KIND)
def over_tls(caller: Caller) -> None:
    with session(verify=caller.authority) as using:
        caller.tried(using.get, caller.tls_url + "/json")
        caller.tried(using.post, caller.tls_url + "/echo", json={"a": 1})
        caller.tried(using.get, caller.tls_url + "/chunks")


@case(KIND)
def over_tls_that_nobody_vouches_for(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, caller.tls_url + "/json")


@case(KIND)
def over_tls_under_another_name(caller: Caller) -> None:
    with session(verify=caller.authority) as using:
        caller.tried(using.get, caller.tls_url.replace("localhost", "127.0.0.1") + "/json")


@case(KIND)
def plain_text_where_tls_is_expected(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.get, caller.url.replace("http:", "https:") + "/json")


@case(KIND)
def over_tls_unverified(caller: Caller) -> None:
    import warnings

    with session(verify=False) as using, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        caller.tried(using.get, caller.tls_url + "/json")
        caller.note(warned=[str(one.message) for one in warned])


@case(KIND)
def through_a_proxy(caller: Caller) -> None:
    with session(proxies={"http": caller.proxy_url, "https": caller.proxy_url}) as using:
        caller.tried(using.get, caller.url + "/json")
        caller.tried(using.get, caller.tls_url + "/json", verify=caller.authority)


@case(KIND)
def through_a_proxy_that_refuses(caller: Caller) -> None:
    wrong = caller.proxy_url.replace("secret", "wrong")
    with session(proxies={"http": wrong, "https": wrong}) as using:
        caller.tried(using.get, caller.url + "/json")
        caller.tried(using.get, caller.tls_url + "/json", verify=caller.authority)


@case(KIND)
def through_a_proxy_that_is_not_there(caller: Caller) -> None:
    proxies = {"http": caller.refused_url, "https": caller.refused_url}
    with session(proxies=proxies) as using:
        caller.tried(using.get, caller.url + "/json")
        caller.tried(using.get, caller.tls_url + "/json", verify=caller.authority)


@case(KIND)
def keep_alive_and_close(caller: Caller) -> None:
    with session() as using:
        for target in ("/json", "/text", "/old", "/nothing", "/unchanged", "/json"):
            caller.tried(using.get, caller.url + target)
        caller.tried(using.get, caller.url + "/json", headers={"Connection": "close"})
        adapter: Any = using.get_adapter(caller.url)
        pool = adapter.poolmanager.connection_from_url(caller.url)
        caller.note(connections=pool.num_connections, requests=pool.num_requests)


@case(KIND)
def concurrent_calls(caller: Caller) -> None:
    with session() as using, ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(copy_context().run, using.get, f"{caller.url}/echo?n={n}") for n in range(6)
        ]
        caller.note(bodies=[job.result().json()["target"] for job in jobs])


@case(KIND)
def an_upload_that_nobody_reads(caller: Caller) -> None:
    with session() as using:
        caller.tried(using.post, caller.url + "/unread", data=bytes(8_000_000), timeout=0.5)


@case(KIND)
def threads_that_ask_the_same(caller: Caller) -> None:
    """Each gets the answer that it got, whichever comes first."""

    def ask(number: int) -> bytes:
        time.sleep(0.02 * ((number * 7) % 4))
        with session() as using:
            return using.get(caller.url + "/count?shared=1").content

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(ask, n) for n in range(8)]
        caller.note(answers=[job.result() for job in jobs])
