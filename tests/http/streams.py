"""Cases: bodies read piece by piece, in part, or not at all."""

from __future__ import annotations

from typing import Any

from tests.http.caller import Caller, case
from tests.http.snapshots import plain

READ: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "raw_chunks": ("/chunks", "iter_raw", ()),
    "raw_chunks_of_a_size": ("/chunks", "iter_raw", (4,)),
    "raw_chunks_coded": ("/gzip-chunks", "iter_raw", ()),
    "raw_with_a_length": ("/binary", "iter_raw", ()),
    "decoded_chunks": ("/gzip-chunks", "iter_bytes", ()),
    "decoded_chunks_of_a_size": ("/gzip-chunks", "iter_bytes", (100,)),
    "lines": ("/chunks", "iter_lines", ()),
    "lines_of_text": ("/text", "iter_lines", ()),
    "text_chunks": ("/chunks", "iter_text", ()),
    "text_chunks_of_a_size": ("/chunks", "iter_text", (3,)),
    "server_sent_events": ("/sse", "iter_lines", ()),
    "server_sent_chunks": ("/sse", "iter_raw", ()),
    "bad_gzip_streamed": ("/gzip-bad", "iter_bytes", ()),
    "bad_gzip_raw": ("/gzip-bad", "iter_raw", ()),
    "nothing_streamed": ("/nothing", "iter_raw", ()),
}


def _read(name: str, target: str, way: str, arguments: tuple[Any, ...]) -> None:
    async def run(caller: Caller) -> None:
        async with caller.client(), caller.streamed("GET", target) as response:
            await caller.each(response, way, *arguments)
            note_state(caller, response)

    run.__name__ = name
    case(run)


def note_state(caller: Caller, response: Any) -> None:
    caller.note(
        closed=response.is_closed,
        consumed=response.is_stream_consumed,
        size=response.num_bytes_downloaded,
        stream=type(response.stream).__name__,
    )


for _name, (_target, _way, _arguments) in READ.items():
    _read(_name, _target, _way, _arguments)


@case
async def streamed_and_then_read(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/chunks") as response:
        caller.note(before=_tried_content(response))
        caller.note(content=plain(await caller.read(response)))
        await caller.each(response, "iter_bytes")
        await caller.each(response, "iter_raw")
        note_state(caller, response)


def _tried_content(response: Any) -> str:
    try:
        return str(response.content)
    except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
        return f"{type(error).__name__}: {error}"


@case
async def left_unread(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/chunks") as response:
        note_state(caller, response)
    note_state(caller, response)
    await caller.read(response)


@case
async def closed_after_the_first_chunk(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/chunks") as response:
        if caller.is_async:
            async for chunk in response.aiter_raw():
                caller.note(first=plain(chunk))
                break
        else:
            for chunk in response.iter_raw():
                caller.note(first=plain(chunk))
                break
        note_state(caller, response)
    note_state(caller, response)


@case
async def raw_read_twice(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/chunks") as response:
        await caller.each(response, "iter_raw")
        await caller.each(response, "iter_raw")


@case
async def read_after_close(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/chunks") as response:
        await caller.close(response)
        note_state(caller, response)
        await caller.each(response, "iter_bytes")


@case
async def elapsed_only_when_closed(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/chunks") as response:
        await caller.tried(lambda: response.elapsed)
        await caller.read(response)
        caller.note(elapsed=type(response.elapsed).__name__)


@case
async def an_error_in_the_reader(caller: Caller) -> None:
    async def run() -> None:
        async with caller.streamed("GET", "/chunks") as response:
            caller.note(status=response.status_code)
            raise KeyError("the application's own")

    async with caller.client():
        await caller.tried(run)


@case
async def large_body_in_pieces(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/large") as response:
        sizes = [len(c) for c in (await caller.each(response, "iter_bytes", 1_000_000))]
        caller.note(sizes=sizes)
        note_state(caller, response)


@case
async def a_network_stream_beneath(caller: Caller) -> None:
    async with caller.client(), caller.streamed("GET", "/text") as response:
        wire = response.extensions["network_stream"]
        caller.note(tls=wire.get_extra_info("ssl_object") is None)
        caller.note(server=wire.get_extra_info("server_addr"))
