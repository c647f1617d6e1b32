"""Cases: bodies read piece by piece, in part, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from tests.aiohttp_client.caller import Caller, case
from tests.aiohttp_client.snapshots import WRITES_ON, response_snapshot

READ: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "pieces_as_they_come": ("/chunks", "iter_any", ()),
    "pieces_of_a_size": ("/chunks", "iter_chunked", (4,)),
    "pieces_with_their_chunks": ("/chunks", "iter_chunks", ()),
    "coded_pieces_with_their_chunks": ("/gzip-chunks", "iter_chunks", ()),
    "coded_pieces": ("/gzip-chunks", "iter_any", ()),
    "coded_pieces_of_a_size": ("/gzip-chunks", "iter_chunked", (100,)),
    "pieces_of_a_known_length": ("/binary", "iter_chunked", (100,)),
    "lines": ("/chunks", "__aiter__", ()),
    "lines_of_text": ("/text", "__aiter__", ()),
    "server_sent_events": ("/sse", "__aiter__", ()),
    "server_sent_chunks": ("/sse", "iter_chunks", ()),
    "bad_gzip_in_pieces": ("/gzip-bad", "iter_any", ()),
    "nothing_in_pieces": ("/nothing", "iter_any", ()),
    "pieces_until_the_end": ("/old", "iter_any", ()),
}


def _read(name: str, target: str, way: str, arguments: tuple[Any, ...]) -> None:
    async def run(caller: Caller) -> None:
        async with (
            caller.session() as session,
            session.get(caller.absolute(target)) as response,
        ):
            note_state(caller, response)
            await caller.each(getattr(response.content, way)(*arguments))
            note_state(caller, response)

    run.__name__ = name
    case(run)


def note_state(caller: Caller, response: Any) -> None:
    content = response.content
    caller.note(
        closed=response.closed,
        connection="" if WRITES_ON else type(response.connection).__name__,
        eof=[content.is_eof(), content.at_eof()],
        error=content.exception(),
        total=content.total_bytes if hasattr(content, "total_bytes") else None,
    )


for _name, (_target, _way, _arguments) in READ.items():
    _read(_name, _target, _way, _arguments)


@case
async def each_way_to_read(caller: Caller) -> None:
    async with caller.session() as session, session.get(caller.absolute("/chunks")) as response:
        content = response.content
        caller.note(line=await content.readline())
        caller.note(one=await content.read(1), exactly=await content.readexactly(4))
        caller.note(until=await content.readuntil(b"\xc3"), any=await content.readany())
        caller.note(nowait=content.read_nowait())
        await caller.tried(lambda: content.readexactly(100))
        caller.note(rest=await content.read(), end=await content.readany())


@case
async def lines_of_a_slow_body(caller: Caller) -> None:
    async with caller.session() as session:
        async with session.get(caller.address("RAW_URL") + "/drip") as response:
            await caller.each(response.content)
        async with session.get(caller.address("RAW_URL") + "/drip") as response:
            await caller.each(response.content.iter_any())


@case
async def a_head_in_pieces(caller: Caller) -> None:
    await caller.get(caller.address("RAW_URL") + "/in-pieces")


@case
async def odd_spelling(caller: Caller) -> None:
    async with caller.session() as session:
        await caller.ask("GET", caller.address("RAW_URL") + "/odd-spelling")
        async with session.get(caller.address("RAW_URL") + "/odd-spelling") as response:
            await caller.each(response.content.iter_chunks())


@case
async def parts(caller: Caller) -> None:
    target = caller.address("RAW_URL") + "/parts"
    async with caller.session() as session, session.get(target) as response:
        reader = aiohttp.MultipartReader.from_response(response)
        while (part := await reader.next()) is not None:
            assert isinstance(part, aiohttp.BodyPartReader)
            caller.note(name=part.filename, headers=part.headers, read=await part.text())


@case
async def an_attachment(caller: Caller) -> None:
    await caller.get(caller.address("RAW_URL") + "/attachment")


@case
async def left_unread(caller: Caller) -> None:
    async with caller.session() as session:
        async with session.get(caller.absolute("/slow-body")) as response:
            note_state(caller, response)
        note_state(caller, response)
        await caller.tried(response.read)


@case
async def released_and_closed(caller: Caller) -> None:
    async with caller.session() as session:
        for way in ("release", "close"):
            response = await session.get(caller.absolute("/slow-body"))
            caller.note(first=await response.content.readany())
            getattr(response, way)()
            caller.note(response=response_snapshot(response))
            await caller.tried(response.content.read)
            await caller.tried(response.read)


@case
async def read_after_the_end(caller: Caller) -> None:
    async with caller.session() as session:
        async with session.get(caller.absolute("/text")) as response:
            caller.note(body=await response.read())
        caller.note(again=await caller.tried(response.read))
        caller.note(text=await caller.tried(response.text))


@case
async def the_first_piece_alone(caller: Caller) -> None:
    async with caller.session() as session:
        async with session.get(caller.absolute("/slow-body")) as response:
            async for piece in response.content.iter_any():
                caller.note(first=piece)
                break
            note_state(caller, response)
        note_state(caller, response)


@case
async def a_reader_that_takes_its_time(caller: Caller) -> None:
    async with caller.session() as session, session.get(caller.absolute("/chunks")) as response:
        await asyncio.sleep(0.4)
        note_state(caller, response)
        await caller.each(response.content.iter_chunks())


@case
async def large_in_pieces(caller: Caller) -> None:
    async with caller.session() as session, session.get(caller.absolute("/large")) as response:
        sizes = [len(piece) async for piece in response.content.iter_chunked(1_000_000)]
        caller.note(sizes=sizes, total=response.content.total_bytes)


@case
async def a_small_buffer(caller: Caller) -> None:
    async with (
        caller.session(read_bufsize=1024) as session,
        session.get(caller.absolute("/large")) as response,
    ):
        caller.note(first=await response.content.readexactly(100_000))
        note_state(caller, response)


@case
async def waiting_for_the_end(caller: Caller) -> None:
    async with caller.session() as session, session.get(caller.absolute("/chunks")) as response:
        await response.content.wait_eof()
        caller.note(body=response.content.read_nowait())
