"""Cases: what goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio

from tests.http.caller import Caller, case
from tests.http.snapshots import error_snapshot

ERRORS = {
    "truncated_body": "/truncated",
    "chunked_cut_short": "/chunk-cut",
    "reset_in_the_body": "/reset-body",
    "reset_before_headers": "/reset",
    "hung_up_before_headers": "/hang-up",
    "an_answer_that_is_no_http": "/garbage",
}


def _plain(name: str, target: str) -> None:
    async def run(caller: Caller) -> None:
        await caller.get(target)

    run.__name__ = name
    case(run)


for _name, _target in ERRORS.items():
    _plain(_name, _target)


@case
async def read_timeout_waiting_for_headers(caller: Caller) -> None:
    await caller.get("/slow-headers", timeout=0.3)


@case
async def read_timeout_in_the_body(caller: Caller) -> None:
    await caller.get("/slow-body", timeout=0.3)


@case
async def connect_timeout(caller: Caller) -> None:
    await caller.get(f"{caller.at.deaf_url}/", timeout=0.3)


@case
async def write_timeout(caller: Caller) -> None:
    async with caller.client():
        timeout = caller.library.Timeout(5, write=0.3)
        await caller.ask("POST", "/unread", content=bytes(8_000_000), timeout=timeout)


@case
async def pool_timeout(caller: Caller) -> None:
    limits = caller.library.Limits(max_connections=1)
    async with caller.client(limits=limits), caller.streamed("GET", "/chunks"):
        timeout = caller.library.Timeout(5, pool=0.2)
        await caller.ask("GET", "/json", timeout=timeout)


@case
async def connection_refused(caller: Caller) -> None:
    await caller.get(f"{caller.at.refused_url}/")


@case
async def connection_refused_with_retries(caller: Caller) -> None:
    library = caller.library
    kind = library.AsyncHTTPTransport if caller.is_async else library.HTTPTransport
    async with caller.client(transport=kind(retries=1)):
        await caller.ask("GET", f"{caller.at.refused_url}/retried")


@case
async def unknown_host(caller: Caller) -> None:
    await caller.get("http://nowhere.invalid/")


@case
async def plain_text_where_tls_is_expected(caller: Caller) -> None:
    await caller.get(caller.at.url.replace("http:", "https:") + "/json")


@case
async def unsupported_scheme(caller: Caller) -> None:
    await caller.get("gopher://127.0.0.1/")


@case
async def a_header_that_cannot_be_sent(caller: Caller) -> None:
    await caller.get("/json", headers={"X-Bad": "a\r\nb"})


@case
async def an_upload_shorter_than_announced(caller: Caller) -> None:
    async with caller.client():
        body = caller.stream_of(b"abc")
        await caller.ask("POST", "/echo", content=body, headers={"Content-Length": "10"})


@case
async def an_upload_that_fails(caller: Caller) -> None:
    async def later() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError("the application's own")

    def now() -> Iterator[bytes]:
        yield b"first"
        raise ValueError("the application's own")

    async with caller.client():
        await caller.ask("POST", "/echo", content=later() if caller.is_async else now())


@case
async def a_client_that_is_closed(caller: Caller) -> None:
    async with caller.client() as client:
        pass
    await caller.ask("GET", "/json", client=client)


@case
async def chunks_that_came_before_the_error(caller: Caller) -> None:
    async with caller.client():
        for target in ("/truncated", "/chunk-cut", "/reset-body"):
            async with caller.streamed("GET", target) as response:
                await caller.each(response, "iter_raw")
                caller.note(closed=response.is_closed, bytes=response.num_bytes_downloaded)


@case
async def a_timeout_after_the_first_chunk(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/slow-body", timeout=0.3) as response:
        await caller.each(response, "iter_bytes")
        caller.note(closed=response.is_closed, consumed=response.is_stream_consumed)


@case
async def a_task_that_is_cancelled(caller: Caller) -> None:
    """Only asynchronous clients know it; a synchronous one is left alone."""
    if not caller.is_async:
        return
    async with caller.client() as client:
        task = asyncio.create_task(client.get("/text"))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            caller.note(cancelled=type(error).__name__)


@case
async def a_call_that_takes_too_long_for_its_caller(caller: Caller) -> None:
    """The caller's own clock ends it, then and now."""
    if not caller.is_async:
        return
    async with caller.client() as client:
        with anyio.move_on_after(0.2) as scope:
            await client.get("/slow-headers")
        caller.note(headers=scope.cancelled_caught)
        with anyio.move_on_after(0.2) as scope:
            async with caller.streamed("GET", "/slow-body") as response:
                try:
                    async for chunk in response.aiter_raw():
                        caller.note(chunk=chunk.decode())
                finally:
                    caller.note(closed=response.is_closed)
        caller.note(body=scope.cancelled_caught)


@case
async def a_connection_that_takes_too_long_for_its_caller(caller: Caller) -> None:
    if not caller.is_async:
        return
    async with caller.client() as client:
        with anyio.move_on_after(0.2) as scope:
            await client.get(f"{caller.at.deaf_url}/in-time")
        caller.note(connection=scope.cancelled_caught)


@case
async def one_call_of_a_group_that_fails(caller: Caller) -> None:
    """The failure of one cancels the other."""
    if not caller.is_async:
        return

    async def fail(client: Any) -> None:
        await client.get(f"{caller.at.refused_url}/in-a-group")

    async with caller.client() as client:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(client.get, "/slow-headers?in=group")
                group.start_soon(fail, client)
        except BaseExceptionGroup as error:
            caller.note(raised=[error_snapshot(one) for one in error.exceptions])
