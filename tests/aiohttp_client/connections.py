"""Cases: TLS, Unix sockets, proxies, WebSockets."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp

from tests.aiohttp_client.caller import Caller, case
from tests.aiohttp_client.snapshots import error_snapshot

_PASSWORD = {"Proxy-Authorization": "Basic dXNlcjpzZWNyZXQ="}


def _trusting(caller: Caller) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=caller.address("TLS_CA"))


@case
async def tls(caller: Caller) -> None:
    async with caller.session():
        target = caller.address("TLS_URL")
        await caller.ask("GET", f"{target}/json", ssl=_trusting(caller))
        await caller.ask("POST", f"{target}/echo", data=b"secret", ssl=False)


@case
async def tls_that_nobody_vouches_for(caller: Caller) -> None:
    await caller.get(caller.address("TLS_URL") + "/json")


@case
async def tls_for_another_name(caller: Caller) -> None:
    target = caller.address("TLS_URL") + "/json"
    await caller.get(target, ssl=_trusting(caller), server_hostname="other.example")


@case
async def tls_with_another_fingerprint(caller: Caller) -> None:
    async with caller.session():
        try:
            await caller.current.get(
                caller.address("TLS_URL") + "/json", ssl=aiohttp.Fingerprint(bytes(32))
            )
        except aiohttp.ServerFingerprintMismatch as error:
            # which certificate there is changes from one authority to the next
            caller.note(type=type(error).__name__, expected=error.expected, host=error.host)


@case
async def a_unix_socket(caller: Caller) -> None:
    async with caller.session(connector=aiohttp.UnixConnector(caller.address("UNIX_PATH"))):
        await caller.ask("GET", "http://localhost/json")
        await caller.ask("POST", "http://localhost/echo", data=b"near")


@case
async def a_unix_socket_that_is_not_there(caller: Caller) -> None:
    async with caller.session(connector=aiohttp.UnixConnector("/nowhere/at/all")):
        await caller.ask("GET", "http://localhost/json")


@case
async def through_a_proxy(caller: Caller) -> None:
    proxy = {"proxy": caller.address("PROXY_URL"), "headers": _PASSWORD}
    async with caller.session():
        await caller.ask("GET", "/json", **proxy)
        await caller.ask("POST", "/echo", data=b"through", **proxy)
        await caller.ask("GET", "/json", proxy=caller.address("PROXY_URL"))


@case
async def through_a_tunnel(caller: Caller) -> None:
    async with caller.session():
        await caller.ask(
            "GET",
            caller.address("TLS_URL") + "/json",
            ssl=_trusting(caller),
            proxy=caller.address("PROXY_URL"),
            proxy_headers=_PASSWORD,
        )


@case
async def a_tunnel_that_is_refused(caller: Caller) -> None:
    async with caller.session():
        await caller.ask(
            "GET", caller.address("TLS_URL") + "/json", proxy=caller.address("PROXY_URL")
        )


@case
async def tls_in_a_tunnel_that_nobody_vouches_for(caller: Caller) -> None:
    proxy: dict[str, Any] = {
        "proxy": caller.address("PROXY_URL"),
        "proxy_headers": _PASSWORD,
    }
    await caller.get(caller.address("TLS_URL") + "/json", **proxy)


@case
async def a_proxy_that_is_not_there(caller: Caller) -> None:
    async with caller.session():
        proxy = caller.address("REFUSED_URL")
        await caller.ask("GET", "/json", proxy=proxy)
        await caller.ask("GET", caller.address("TLS_URL") + "/json", proxy=proxy)


@case
async def a_websocket_that_is_refused(caller: Caller) -> None:
    async with caller.session() as session:
        await caller.tried(lambda: session.ws_connect(caller.address("RAW_URL") + "/no-upgrade"))


@case
async def a_websocket(caller: Caller) -> None:
    async with caller.session() as session:
        try:
            async with session.ws_connect(caller.address("WS_URL")) as socket:
                await socket.send_str("hello")
                caller.note(answer=await socket.receive_str())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            caller.note(error=error_snapshot(error))
