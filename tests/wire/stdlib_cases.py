"""The standard library's own: urllib.request, and http.client bare."""

from __future__ import annotations

import base64
import http.client
import http.cookiejar
import io
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
import xmlrpc.client
from typing import Any

from tests.http.answers import PLAIN
from tests.http.replies import BINARY
from tests.wire.caller import Caller, case

KIND = "stdlib"
TIMEOUT = 20

BREAKS = {
    "truncated_body": "/truncated",
    "chunked_cut_short": "/chunk-cut",
    "reset_in_the_body": "/reset-body",
    "reset_before_headers": "/reset",
    "hung_up_before_headers": "/hang-up",
    "an_answer_that_is_no_http": "/garbage",
}


def opener(*handlers: Any) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)


def _open(name: str, target: str, **options: Any) -> None:
    @case(KIND, f"urllib_{name}")
    def run(caller: Caller) -> None:
        url = caller.url + target
        url = urllib.parse.quote(url, safe=":/?=&%+") if not url.isascii() or " " in url else url
        caller.tried(opener().open, url, **{"timeout": TIMEOUT, **options})


for _name, _target in {**PLAIN, **BREAKS, "redirects": "/hop?n=3", "loop": "/loop"}.items():
    _open(_name, _target)
_open("unknown_scheme", "/nowhere")
_open("read_timeout_waiting_for_headers", "/slow-headers", timeout=0.3)
_open("read_timeout_in_the_body", "/slow-body", timeout=0.3)
_open("send_form", "/echo", data=urllib.parse.urlencode({"a": "1 2", "b": "ü"}).encode())


@case(KIND)
def urllib_methods_and_headers(caller: Caller) -> None:
    for method in ("HEAD", "PUT", "DELETE", "PROPFIND"):
        body = method.encode() if method != "HEAD" else None
        request = urllib.request.Request(
            caller.url + "/echo", body, {"X-Mine": "1", "Content-Type": "text/plain"}, method=method
        )
        caller.tried(opener().open, request)


@case(KIND)
def urllib_send_a_file_and_a_generator(caller: Caller) -> None:
    for body in (io.BytesIO(BINARY * 20), iter([b"one", b"two"])):
        request = urllib.request.Request(caller.url + "/echo", body, method="POST")
        request.add_header("Content-Type", "application/octet-stream")
        caller.tried(opener().open, request)


@case(KIND)
def urllib_cookies(caller: Caller) -> None:
    jar = http.cookiejar.CookieJar()
    using = opener(urllib.request.HTTPCookieProcessor(jar))
    caller.tried(using.open, caller.url + "/cookies")
    caller.tried(using.open, caller.url + "/echo")
    caller.note(jar=sorted((c.name, c.value, c.path) for c in jar))


@case(KIND)
def urllib_digest_auth(caller: Caller) -> None:
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, caller.url, "user", "secret")
    caller.tried(
        opener(urllib.request.HTTPDigestAuthHandler(passwords)).open, caller.url + "/digest"
    )


@case(KIND)
def urllib_connection_refused(caller: Caller) -> None:
    caller.tried(opener().open, caller.refused_url)
    caller.tried(opener().open, caller.refused_url.replace("http:", "https:"))


@case(KIND)
def urllib_unknown_host_and_scheme(caller: Caller) -> None:
    caller.tried(opener().open, "http://nowhere.invalid/")
    caller.tried(opener().open, "gopher://127.0.0.1/")
    caller.tried(opener().open, caller.deaf_url, timeout=0.2)


@case(KIND)
def urllib_over_tls(caller: Caller) -> None:
    context = ssl.create_default_context(cafile=caller.authority)
    using = opener(urllib.request.HTTPSHandler(context=context))
    caller.tried(using.open, caller.tls_url + "/json")
    caller.tried(using.open, caller.tls_url + "/truncated")
    caller.tried(using.open, caller.tls_url.replace("localhost", "127.0.0.1") + "/json")
    caller.tried(opener().open, caller.tls_url + "/json")
    caller.tried(opener().open, caller.url.replace("http:", "https:") + "/json")


@case(KIND)
def urllib_through_proxies(caller: Caller) -> None:
    context = ssl.create_default_context(cafile=caller.authority)
    encrypted = urllib.request.HTTPSHandler(context=context)
    for proxy in (caller.proxy_url, caller.refused_url):
        handler = urllib.request.ProxyHandler({"http": proxy, "https": proxy})
        using = urllib.request.build_opener(handler, encrypted)
        caller.tried(using.open, caller.url + "/json")
        caller.tried(using.open, caller.tls_url + "/json")
    proxy = caller.proxy_url.replace("secret", "wrong")
    handler = urllib.request.ProxyHandler({"https": proxy})
    using = urllib.request.build_opener(handler, encrypted)
    request = urllib.request.Request(caller.tls_url + "/json", headers={"X-Mine": "1"})
    caller.tried(using.open, request)


@case(KIND)
def urllib_read_in_pieces(caller: Caller) -> None:
    for target in ("/text", "/chunks", "/binary", "/old"):
        with opener().open(caller.url + target) as response:
            caller.note(line=response.readline(), some=response.read(4), more=response.read1(3))
            caller.note(rest=response.read(), url=response.geturl(), info=str(response.info()))


@case(KIND)
def urllib_left_unread(caller: Caller) -> None:
    with opener().open(caller.url + "/large") as response:
        caller.note(status=response.status)
    caller.tried(response.read)


@case(KIND)
def urlretrieve(caller: Caller) -> None:
    urllib.request.install_opener(opener())
    name, message = urllib.request.urlretrieve(caller.url + "/binary")
    with open(name, "rb") as file:  # noqa: PTH123 - as its documentation does
        caller.note(content=file.read(), headers=list(message.items()))
    urllib.request.urlcleanup()


# -- http.client ----------------------------------------------------------------------------------


def connected(caller: Caller, **options: Any) -> http.client.HTTPConnection:
    host, _, port = caller.url.removeprefix("http://").partition(":")
    return http.client.HTTPConnection(host, int(port), **{"timeout": TIMEOUT, **options})


def _ask(name: str, target: str) -> None:
    @case(KIND, f"http_client_{name}")
    def run(caller: Caller) -> None:
        connection = connected(caller)
        connection.request("GET", target)
        caller.tried(connection.getresponse)
        connection.close()


for _name, _target in BREAKS.items():
    _ask(_name, _target)
for _name in (
    "json",
    "gzip",
    "chunks",
    "trailers",
    "headers",
    "early",
    "old",
    "nothing",
    "no-phrase",
):
    _ask(_name, f"/{_name}")


@case(KIND)
def http_client_keep_alive(caller: Caller) -> None:
    connection = connected(caller)
    for target in ("/json", "/chunks", "/nothing", "/hop?n=1", "/count", "/count"):
        connection.request("GET", target, headers={"X-Mine": "1"})
        caller.tried(connection.getresponse)
    caller.note(peer=connection.sock.getpeername(), timeout=connection.sock.gettimeout())
    connection.close()


@case(KIND)
def http_client_bodies(caller: Caller) -> None:
    connection = connected(caller)
    bodies: list[Any] = [io.StringIO("Grüße")]
    bodies += [b"bytes", "text", bytearray(b"mutable"), memoryview(b"view"), io.BytesIO(BINARY)]
    bodies += [[b"one", b"two"], iter([b"one"]), None, b""]
    for body in bodies:
        connection.request("POST", "/echo", body)
        caller.tried(connection.getresponse)
    connection.request(
        "POST", "/echo", [b"a", b"b"], {"Transfer-Encoding": "chunked"}, encode_chunked=True
    )
    caller.tried(connection.getresponse)
    connection.close()


@case(KIND)
def http_client_by_hand(caller: Caller) -> None:
    connection = connected(caller)
    connection.putrequest("POST", "/echo", skip_accept_encoding=True)
    connection.putheader("X-Mine", "a", "b")
    connection.putheader("Content-Length", 12)
    connection.endheaders()
    connection.send(b"one ")
    connection.send(io.BytesIO(b"two "))
    connection.send([b"thr", b"e "])
    caller.tried(connection.getresponse)
    connection.connect()
    connection.request("GET", "/json")
    caller.tried(connection.getresponse)
    connection.close()


@case(KIND)
def http_client_misuse(caller: Caller) -> None:
    connection = connected(caller)
    caller.tried(connection.getresponse)
    connection.request("GET", "/json")
    caller.tried(connection.request, "GET", "/text")
    response = connection.getresponse()
    caller.tried(connection.getresponse)
    connection.request("GET", "/text")
    caller.tried(connection.getresponse)
    caller.note(first=response.read())
    caller.tried(connection.getresponse)
    caller.tried(connection.send, 7)
    connection.close()


@case(KIND)
def http_client_read_in_pieces(caller: Caller) -> None:
    connection = connected(caller)
    for target in ("/text", "/chunks", "/binary"):
        connection.request("GET", target)
        response = connection.getresponse()
        buffer = bytearray(6)
        caller.note(into=response.readinto(buffer), buffer=bytes(buffer), peek=response.peek(1)[:1])
        caller.note(line=response.readline(), one=response.read1(2), rest=response.read())
    connection.close()


@case(KIND)
def http_client_refused(caller: Caller) -> None:
    host, _, port = caller.refused_url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    caller.tried(connection.request, "GET", "/")
    connection.close()
    caller.tried(connection.connect)
    encrypted = http.client.HTTPSConnection(host, int(port))
    caller.tried(encrypted.connect)


@case(KIND)
def http_client_over_tls_and_through_a_tunnel(caller: Caller) -> None:
    host, _, port = caller.tls_url.removeprefix("https://").partition(":")
    context = ssl.create_default_context(cafile=caller.authority)
    connection = http.client.HTTPSConnection(host, int(port), context=context)
    connection.request("GET", "/json")
    caller.tried(connection.getresponse)
    connection.close()
    by, _, proxy_port = caller.proxy_url.partition("@")[2].partition(":")
    known, unknown = ({"Proxy-Authorization": f"Basic {_basic(word)}"} for word in ("secret", "x"))
    connection = http.client.HTTPSConnection(by, int(proxy_port), context=context)
    connection.set_tunnel(host, int(port), known)
    connection.request("POST", "/echo", b"through")
    caller.tried(connection.getresponse)
    connection.close()
    connection = http.client.HTTPSConnection(by, int(proxy_port), context=context)
    connection.set_tunnel(host, int(port), unknown)
    caller.tried(connection.request, "GET", "/json")


def _basic(password: str) -> str:
    return base64.b64encode(f"user:{password}".encode()).decode()


@case(KIND)
def http_client_of_ones_own(caller: Caller) -> None:
    """As docker's client and httplib2 do: a connection that connects in its own way."""

    class Own(http.client.HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(caller.unix_socket)

    connection = Own("elsewhere")
    for target in ("/json", "/chunks", "/echo"):
        connection.request("GET", target)
        caller.tried(connection.getresponse)
    caller.note(peer=connection.sock.getpeername())
    connection.close()


@case(KIND)
def http_client_without_an_answer(caller: Caller) -> None:
    connection = connected(caller)
    connection.request("POST", "/echo", b"nobody asks what became of it")
    connection.close()
    connection.request("GET", "/json")
    caller.tried(connection.getresponse)
    connection.close()


@case(KIND)
def xml_rpc(caller: Caller) -> None:
    caller.tried(xmlrpc.client.ServerProxy(caller.url + "/echo").add, 1, 2)
    caller.tried(xmlrpc.client.ServerProxy(caller.url + "/status?code=500").add, 1, 2)
