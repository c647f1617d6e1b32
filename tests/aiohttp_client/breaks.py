"""Cases: what goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.aiohttp_client.caller import Caller, case
from tests.aiohttp_client.snapshots import error_snapshot

ERRORS = {
    "truncated_body": "/truncated",
    "chunked_cut_short": "/chunk-cut",
    "reset_in_the_body": "/reset-body",
    "reset_before_headers": "/reset",
    "hung_up_before_headers": "/hang-up",
    "an_answer_that_is_no_http": "/garbage",
}

RAW_ERRORS = {
    "hung_up_in_the_headers": "/half-a-head",
    "reset_in_the_headers": "/reset-in-the-head",
    "a_chunk_that_is_none": "/bad-chunk",
    "a_header_that_is_none": "/bad-header",
    "a_header_too_long": "/long-header",
}


def _plain(name: str, target: str, address: str) -> None:
    async def run(caller: Caller) -> None:
        async with caller.session():
            await caller.ask("GET", caller.address(address) + target)
            await caller.ask("POST", caller.address(address) + target, data=b"once")

    run.__name__ = name
    case(run)


for _name, _target in ERRORS.items():
    _plain(_name, _target, "URL")
for _name, _target in RAW_ERRORS.items():
    _plain(_name, _target, "RAW_URL")


@case
async def total_timeout_waiting_for_headers(caller: Caller) -> None:
    await caller.get("/slow-headers", timeout=aiohttp.ClientTimeout(total=0.3))


@case
async def total_timeout_in_the_body(caller: Caller) -> None:
    await caller.get("/slow-body", timeout=aiohttp.ClientTimeout(total=0.3))


@case
async def total_timeout_connecting(caller: Caller) -> None:
    await caller.get(caller.address("DEAF_URL"), timeout=aiohttp.ClientTimeout(total=0.3))


@case
async def read_timeout_waiting_for_headers(caller: Caller) -> None:
    await caller.get("/slow-headers", timeout=aiohttp.ClientTimeout(sock_read=0.3))


@case
async def read_timeout_in_the_body(caller: Caller) -> None:
    await caller.get("/slow-body", timeout=aiohttp.ClientTimeout(sock_read=0.3))


@case
async def connect_timeout(caller: Caller) -> None:
    await caller.get(caller.address("DEAF_URL"), timeout=aiohttp.ClientTimeout(connect=0.3))


@case
async def sock_connect_timeout(caller: Caller) -> None:
    await caller.get(caller.address("DEAF_URL"), timeout=aiohttp.ClientTimeout(sock_connect=0.3))


@case
async def pool_timeout(caller: Caller) -> None:
    connector = aiohttp.TCPConnector(limit=1)
    limit = aiohttp.ClientTimeout(connect=0.2)
    async with (
        caller.session(connector=connector) as session,
        session.get(caller.absolute("/slow-body")),
    ):
        await caller.ask("GET", "/json", timeout=limit)


@case
async def a_limit_of_the_application(caller: Caller) -> None:
    async with caller.session() as session:
        await caller.tried(
            lambda: asyncio.wait_for(session.get(caller.absolute("/slow-headers")), 0.3)
        )

        async def within() -> None:
            async with asyncio.timeout(0.3), session.get(caller.absolute("/slow-body")) as response:
                await response.read()

        await caller.tried(within)


@case
async def a_task_that_is_cancelled(caller: Caller) -> None:
    async with caller.session() as session:
        task = asyncio.create_task(_status(session, caller.absolute("/slow-headers?cancelled")))
        await asyncio.sleep(0.2)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            caller.note(cancelled=type(error).__name__)


async def _status(session: Any, url: str) -> int:
    async with session.get(url) as response:
        return int(response.status)


@case
async def connection_refused(caller: Caller) -> None:
    await caller.get(caller.address("REFUSED_URL"))


@case
async def connection_refused_on_both_addresses(caller: Caller) -> None:
    await caller.get(caller.address("REFUSED_URL").replace("127.0.0.1", "localhost"))


@case
async def unknown_host(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("GET", "http://nowhere.invalid/")
        await caller.ask("GET", "http://nowhere.invalid/again")


@case
async def an_odd_address(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("GET", "http://127.1/")
        await caller.ask("GET", "http://:80/")
        await caller.ask("GET", "gopher://127.0.0.1/")


@case
async def plain_text_where_tls_is_expected(caller: Caller) -> None:
    await caller.get(caller.url.replace("http:", "https:") + "/json")


@case
async def a_header_that_cannot_be_sent(caller: Caller) -> None:
    await caller.get("/json", headers={"X-Bad": "a\r\nb"})


@case
async def an_upload_that_fails(caller: Caller) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError("the application's own")

    async with caller.session():
        await caller.ask("POST", "/echo", data=body())


@case
async def an_answer_before_the_upload_ended(caller: Caller) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(60)

    async with caller.session():
        await caller.ask("POST", caller.address("RAW_URL") + "/too-early", data=body())


@case
async def an_answer_before_the_upload_began(caller: Caller) -> None:
    async def body() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.3)
        yield b"late"

    async with caller.session():
        for target in ("/too-early", "/bad-header"):
            await caller.ask("POST", caller.address("RAW_URL") + target, data=body())


@case
async def a_session_that_is_closed(caller: Caller) -> None:
    async with caller.session() as session:
        pass
    await caller.ask("GET", "/json", session=session)


@case
async def a_session_closed_while_reading(caller: Caller) -> None:
    async with caller.session() as session:
        response = await session.get(caller.absolute("/slow-body"))
        caller.note(first=await response.content.readany())
        await session.close()
        caller.note(closed=response.closed)
        await caller.tried(response.read)


@case
async def chunks_that_came_before_the_error(caller: Caller) -> None:
    async with caller.session() as session:
        for target in ("/truncated", "/chunk-cut", "/reset-body"):
            async with session.get(caller.absolute(target)) as response:
                await caller.each(response.content.iter_any())
                caller.note(closed=response.closed, kept=response.connection)


@case
async def a_read_timeout_after_the_first_chunk(caller: Caller) -> None:
    limit = aiohttp.ClientTimeout(sock_read=0.3)
    async with (
        caller.session(timeout=limit) as session,
        session.get(caller.absolute("/slow-body")) as response,
    ):
        await caller.each(response.content.iter_any())
        caller.note(closed=response.closed)


@case
async def an_error_of_the_reader(caller: Caller) -> None:
    async def run() -> None:
        async with caller.current.get(caller.absolute("/chunks")) as response:
            caller.note(status=response.status)
            raise KeyError("the application's own")

    async with caller.session():
        await caller.tried(run)


@case
async def one_failure_among_several(caller: Caller) -> None:
    targets = ["/json", "/reset?among", "/text", "/hang-up?among"]
    async with caller.session() as session:
        calls = (_status(session, caller.absolute(target)) for target in targets)
        found = await asyncio.gather(*calls, return_exceptions=True)
        caller.note(found=[error_snapshot(f) if isinstance(f, BaseException) else f for f in found])
