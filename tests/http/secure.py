"""Cases: TLS, HTTP/2, proxies, Unix sockets and transports with settings of their own."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from tests.http.caller import Caller, case


def trusting(caller: Caller, **options: Any) -> Any:
    """A client that trusts the test's authority."""
    return caller.client(base_url=caller.at.tls_url, **{"verify": trust(caller), **options})


def trust(caller: Caller) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=caller.at.ca_file)


def transport_of(caller: Caller) -> Any:
    return caller.library.AsyncHTTPTransport if caller.is_async else caller.library.HTTPTransport


@case
async def https(caller: Caller) -> None:
    async with trusting(caller):
        await caller.ask("GET", "/json")
        await caller.ask("POST", "/echo", json={"over": "tls"})


@case
async def https_streamed(caller: Caller) -> None:
    async with trusting(caller), caller.streamed("GET", "/chunks") as response:
        await caller.each(response, "iter_raw")


@case
async def an_untrusted_certificate(caller: Caller) -> None:
    await caller.get(f"{caller.at.tls_url}/json")


@case
async def a_certificate_of_another_name(caller: Caller) -> None:
    async with trusting(caller, base_url=caller.at.tls_url.replace("localhost", "127.0.0.1")):
        await caller.ask("GET", "/json")


@case
async def an_untrusted_certificate_is_accepted(caller: Caller) -> None:
    async with trusting(caller, verify=False):
        await caller.ask("GET", "/json")


@case
async def a_client_certificate(caller: Caller) -> None:
    context = trust(caller)
    context.load_cert_chain(caller.at.client_file)
    async with trusting(caller, verify=context):
        await caller.ask("GET", "/who")


@case
async def tls_beneath(caller: Caller) -> None:
    async with trusting(caller), caller.streamed("GET", "/text") as response:
        wire = response.extensions["network_stream"]
        caller.note(server=wire.get_extra_info("server_addr"))


@case
async def tls_where_plain_text_is_expected(caller: Caller) -> None:
    await caller.get(caller.at.tls_url.replace("https:", "http:") + "/json")


@case
async def http_2(caller: Caller) -> None:
    async with trusting(caller, http2=True):
        await caller.ask("GET", "/plain")
        await caller.ask("POST", "/echo", content=b"a body")
        await caller.ask("POST", "/echo", content=caller.stream_of(b"in ", b"pieces"))
        response = await caller.ask("GET", "/missing")
        caller.note(version=response.http_version, stream=response.extensions["stream_id"])


@case
async def http_2_streamed(caller: Caller) -> None:
    async with trusting(caller, http2=True), caller.streamed("GET", "/plain") as response:
        await caller.each(response, "iter_raw")


@case
async def http_2_stream_that_is_reset(caller: Caller) -> None:
    async with trusting(caller, http2=True):
        await caller.ask("GET", "/reset-stream")
        await caller.ask("GET", "/cut")


@case
async def http_2_connection_that_is_closed(caller: Caller) -> None:
    async with trusting(caller, http2=True):
        await caller.ask("GET", "/go-away")


@case
async def through_a_proxy(caller: Caller) -> None:
    async with caller.client(proxy=caller.at.proxy_url):
        await caller.ask("GET", "/json")


@case
async def through_a_tunnel(caller: Caller) -> None:
    async with trusting(caller, proxy=caller.at.proxy_url):
        await caller.ask("GET", "/json")
        await caller.ask("POST", "/echo", content=b"through")


@case
async def http_2_through_a_tunnel(caller: Caller) -> None:
    async with trusting(caller, proxy=caller.at.proxy_url, http2=True):
        await caller.ask("GET", "/plain")


@case
async def a_proxy_that_refuses(caller: Caller) -> None:
    wrong = caller.at.proxy_url.replace("secret", "wrong")
    async with caller.client(proxy=wrong):
        await caller.ask("GET", "/json")
    async with trusting(caller, proxy=wrong):
        await caller.ask("GET", "/json")


@case
async def a_proxy_that_is_not_there(caller: Caller) -> None:
    async with caller.client(proxy=caller.at.refused_url):
        await caller.ask("GET", "/no-proxy")


@case
async def proxies_by_mounts(caller: Caller) -> None:
    mounts = {"http://": transport_of(caller)(proxy=caller.at.proxy_url)}
    async with caller.client(mounts=mounts):
        await caller.ask("GET", "/mounted")


@case
async def a_unix_socket(caller: Caller) -> None:
    transport = transport_of(caller)(uds=caller.at.unix_socket)
    async with caller.client(transport=transport, base_url="http://docker"):
        await caller.ask("GET", "/json")
        async with caller.streamed("GET", "/text") as response:
            wire = response.extensions["network_stream"]
            caller.note(server=wire.get_extra_info("server_addr"))


@case
async def socket_settings(caller: Caller) -> None:
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    kind = transport_of(caller)
    transport = kind(local_address="127.0.0.1", socket_options=options, retries=1)
    async with caller.client(transport=transport):
        await caller.ask("GET", "/json")


@case
async def applications_that_are_called_directly(caller: Caller) -> None:
    """Through ASGI and WSGI nothing leaves the process: they run again in the replay."""

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        start = {"type": "http.response.start", "status": 207, "headers": [(b"x-app", b"asgi")]}
        await send(start)
        await send({"type": "http.response.body", "body": b"asgi"})

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        start_response("207 Multi-Status", [("X-App", "wsgi")])
        return [b"wsgi"]

    library = caller.library
    transport = library.ASGITransport(asgi) if caller.is_async else library.WSGITransport(wsgi)
    async with caller.client(transport=transport):
        await caller.ask("GET", "/direct")
