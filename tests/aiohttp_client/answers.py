"""Cases: what servers answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

from tests.aiohttp_client.caller import Caller, case
from tests.aiohttp_client.snapshots import response_snapshot

PLAIN = {
    "json_answer": "/json",
    "pretty_json": "/pretty",
    "json_null": "/null",
    "text": "/text",
    "latin_1": "/latin",
    "text_without_a_type": "/no-type",
    "binary": "/binary",
    "no_content_but_a_type": "/empty",
    "gzip": "/gzip",
    "gzip_of_two_members": "/gzip-twice",
    "gzip_cut_short": "/gzip-cut",
    "gzip_that_is_none": "/gzip-bad",
    "deflate": "/deflate",
    "deflate_without_its_header": "/deflate-raw",
    "brotli": "/br",
    "zstandard": "/zstd",
    "two_codings": "/layers",
    "unknown_coding": "/unknown-coding",
    "identity_coding": "/identity",
    "chunked": "/chunks",
    "chunked_gzip": "/gzip-chunks",
    "trailers": "/trailers",
    "duplicate_headers_and_links": "/headers",
    "no_content": "/nothing",
    "not_modified": "/unchanged",
    "not_found": "/status?code=404",
    "server_error": "/status?code=500",
    "unassigned_status": "/status?code=599",
    "no_reason_phrase": "/no-phrase",
    "early_hints": "/early",
    "http_1_0_until_the_end": "/old",
    "ten_megabytes": "/large",
    "query_with_odd_characters": "/echo?a=%20&b=%C3%BC&c=+&a=2&d",
    "path_with_odd_characters": "/echo/%2F/ü ;x",
    "redirects_with_cookies": "/hop?n=3",
    "redirect_to_an_unknown_scheme": "/nowhere",
    "set_cookies": "/cookies",
}


def _plain(name: str, target: str) -> None:
    async def run(caller: Caller) -> None:
        await caller.get(target)

    run.__name__ = name
    case(run)


for _name, _target in PLAIN.items():
    _plain(_name, _target)


@case
async def redirect_not_followed(caller: Caller) -> None:
    await caller.get("/hop?n=1", allow_redirects=False)


@case
async def redirect_loop(caller: Caller) -> None:
    await caller.get("/loop", max_redirects=3)


@case
async def cookies_are_sent_back(caller: Caller) -> None:
    async with caller.session(cookies={"mine": "0"}):
        await caller.ask("GET", "/cookies")
        await caller.ask("GET", "/echo", cookies={"once": "1"})


@case
async def a_jar_that_keeps_nothing(caller: Caller) -> None:
    await caller.get("/hop?n=2", settings={"cookie_jar": aiohttp.DummyCookieJar()})


@case
async def post_becomes_get(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/see-other", json={"a": 1})


@case
async def post_is_sent_again(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/again", json={"a": 1})


@case
async def head(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("HEAD", "/text")
        await caller.ask("HEAD", "/gzip")


@case
async def methods(caller: Caller) -> None:
    async with caller.session():
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            await caller.ask(method, "/echo", data=method.encode())
            await caller.ask(method, "/echo")


@case
async def same_question_other_answers(caller: Caller) -> None:
    async with caller.session():
        for _ in range(3):
            await caller.ask("GET", "/count")


@case
async def basic_auth(caller: Caller) -> None:
    async with caller.session():
        headers = {"Authorization": "Basic dXNlcjpzZWNyZXQ="}
        await caller.ask("GET", "/echo", headers=headers)
        await caller.ask("GET", caller.url.replace("//", "//user:secret@") + "/echo#part")


@case
async def digest_auth(caller: Caller) -> None:
    if not hasattr(aiohttp, "DigestAuthMiddleware"):
        return
    digest = aiohttp.DigestAuthMiddleware("user", "secret")
    async with caller.session(middlewares=(digest,)):
        await caller.ask("GET", "/digest")
        await caller.ask("GET", "/digest?again=1")


@case
async def a_middleware_that_asks_again(caller: Caller) -> None:
    async def again(request: Any, handler: Any) -> Any:
        first = await handler(request)
        caller.note(first=first.status, body=await first.read())
        request.headers["X-Mine"] = "again"
        return await handler(request)

    async with caller.session(middlewares=(again,)):
        await caller.ask("GET", "/count?by=middleware")


@case
async def headers_of_the_application(caller: Caller) -> None:
    async with caller.session(headers={"X-Mine": "1", "User-Agent": "test"}):
        await caller.ask("GET", "/echo", headers=[("X-Mine", "2"), ("x-mine", "3")])
        await caller.ask("POST", "/echo", data=b"x", skip_auto_headers=["Content-Type"])


@case
async def raise_for_status_by_the_session(caller: Caller) -> None:
    async with caller.session(raise_for_status=True):
        await caller.ask("GET", "/status?code=404")
        await caller.ask("GET", "/json")


@case
async def raise_for_status_by_the_request(caller: Caller) -> None:
    async def judge(response: Any) -> None:
        caller.note(judged=await response.text())
        response.raise_for_status()

    async with caller.session():
        await caller.ask("GET", "/status?code=500", raise_for_status=True)
        await caller.ask("GET", "/status?code=500", raise_for_status=judge)
        async with caller.current.get(caller.absolute("/status?code=404")) as response:
            await caller.tried(_later(response.raise_for_status))


def _later(call: Any) -> Any:
    async def run() -> Any:
        return call()

    return run


@case
async def json_of_a_wrong_type(caller: Caller) -> None:
    async with caller.session(), caller.current.get(caller.absolute("/text")) as response:
        await caller.tried(response.json)
        await caller.tried(lambda: response.json(content_type=None))


@case
async def json_by_another_reader(caller: Caller) -> None:
    async with caller.session(json_serialize=lambda value: json.dumps(value, indent=1)):
        await caller.ask("POST", "/echo", json={"a": [1]})
        async with caller.current.get(caller.absolute("/json")) as response:
            caller.note(big=repr(await response.json(loads=lambda text: text.upper())))


@case
async def not_decompressed(caller: Caller) -> None:
    await caller.get("/gzip", settings={"auto_decompress": False})
    await caller.get("/gzip-chunks", settings={"auto_decompress": False})
    await caller.get("/gzip-bad", settings={"auto_decompress": False})


@case
async def without_reading_until_the_end(caller: Caller) -> None:
    await caller.get("/old", read_until_eof=False)
    await caller.get("/json", read_until_eof=False)


@case
async def http_1_0_requests(caller: Caller) -> None:
    await caller.get("/text", settings={"version": aiohttp.HttpVersion10})


@case
async def connections_that_are_not_kept(caller: Caller) -> None:
    async with caller.session(connector=aiohttp.TCPConnector(force_close=True)):
        await caller.ask("GET", "/json")
        await caller.ask("GET", "/chunks")


@case
async def few_connections_for_many_calls(caller: Caller) -> None:
    connector = aiohttp.TCPConnector(limit=2, limit_per_host=1)
    async with caller.session(connector=connector) as session:

        async def one(n: int) -> Any:
            async with session.get(caller.absolute(f"/echo?n={n}")) as response:
                return (await response.json())["target"]

        caller.note(found=await asyncio.gather(*(one(n) for n in range(6))))


@case
async def calls_at_once(caller: Caller) -> None:
    async with caller.session() as session:

        async def count(_: int) -> Any:
            async with session.get(caller.absolute("/count?at=once")) as response:
                return await response.text()

        caller.note(found=await asyncio.gather(*(count(n) for n in range(8))))


@case
async def events_of_the_application(caller: Caller) -> None:
    config = aiohttp.TraceConfig()
    told: list[str] = []

    def listen(name: str) -> Any:
        async def told_of(session: Any, context: Any, params: Any) -> None:
            told.append(name)

        return told_of

    for name in sorted(vars(config)):
        if name.startswith(("_on_", "on_")):
            getattr(config, name.lstrip("_")).append(listen(name.lstrip("_")))
    # one after the other: what runs side by side is told in the order of the network
    async with caller.session(trace_configs=[config]):
        await caller.ask("POST", "/again", data=b"body")
        await caller.ask("GET", "/json")
        await caller.ask("GET", caller.url.replace("127.0.0.1", "localhost") + "/text")
        await caller.ask("GET", caller.address("REFUSED_URL"))
    caller.note(told=told)


@case
async def a_context_for_events(caller: Caller) -> None:
    config = aiohttp.TraceConfig()

    async def start(session: Any, context: Any, params: Any) -> None:
        caller.note(context=context.trace_request_ctx, url=params.url, headers=params.headers)

    async def received(session: Any, context: Any, params: Any) -> None:
        caller.note(chunk=params.chunk)

    config.on_request_start.append(start)
    config.on_response_chunk_received.append(received)
    async with caller.session(trace_configs=[config]):
        await caller.ask("GET", "/gzip", trace_request_ctx={"mine": 1})


@case
async def a_base_address(caller: Caller) -> None:
    async with caller.session(base_url=caller.url) as session, session.get("/json") as response:
        caller.note(response=response_snapshot(response), body=await response.read())


@case
async def without_a_session(caller: Caller) -> None:
    async with aiohttp.request("GET", caller.absolute("/json")) as response:
        caller.note(response=response_snapshot(response), body=await response.read())


@case
async def a_resolver_of_the_application(caller: Caller) -> None:
    class Fixed(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
            where = {"hostname": host, "host": "127.0.0.1", "port": port}
            return [{**where, "family": family, "proto": 0, "flags": 0}]

        async def close(self) -> None:
            pass

    connector = aiohttp.TCPConnector(resolver=Fixed())
    target = caller.url.replace("127.0.0.1", "shop.example") + "/echo"
    await caller.get(target, settings={"connector": connector})


@case
async def a_response_class_of_the_application(caller: Caller) -> None:
    class Mine(aiohttp.ClientResponse):
        @property
        def mine(self) -> int:
            return self.status + 1

    async with caller.session(response_class=Mine):
        await caller.ask("GET", "/json")
