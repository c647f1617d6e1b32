"""Cases: what is sent."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.aiohttp_client.caller import Caller, case
from tests.aiohttp_client.snapshots import WRITES_ON
from tests.http.replies import BINARY

BODIES: dict[str, dict[str, Any]] = {
    "send_bytes": {"data": BINARY},
    "send_a_bytearray": {"data": bytearray(b"abc")},
    "send_text": {"data": "Grüße"},
    "send_json": {"json": {"a": [1, 2.5, None], "ü": "ü"}},
    "send_a_form": {"data": {"a": "1 2", "b": "ü"}},
    "send_a_form_of_pairs": {"data": [("a", "1"), ("a", "2")]},
    "send_nothing": {},
    "send_no_bytes": {"data": b""},
    "send_two_megabytes": {"data": bytes(2 * 1024 * 1024)},
    "send_compressed": {"data": b"squeeze me " * 100, "compress": True},
    "send_gzipped": {"json": {"a": "b" * 500}, "compress": "gzip"},
    "send_in_chunks": {"data": b"in chunks", "chunked": True},
    "send_with_a_length_of_its_own": {"data": b"12345", "headers": {"Content-Length": "5"}},
}


def _plain(name: str, options: dict[str, Any]) -> None:
    async def run(caller: Caller) -> None:
        async with caller.session():
            await caller.ask("POST", "/echo", **options)

    run.__name__ = name
    case(run)


for _name, _options in BODIES.items():
    _plain(_name, _options)


async def _stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


@case
async def send_a_generator(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/echo", data=_stream(b"one", b"", b"two"))


@case
async def send_a_generator_compressed(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/echo", data=_stream(b"one" * 90, b"two"), compress="deflate")


@case
async def send_a_generator_of_known_length(caller: Caller) -> None:
    async with caller.session():
        body = _stream(b"one", b"two")
        await caller.ask("POST", "/echo", data=body, headers={"Content-Length": "6"})


@case
async def send_a_generator_through_a_redirect(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/again", data=_stream(b"once"))


@case
async def send_a_file(caller: Caller) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload.bin"
        file.write_bytes(BINARY)
        async with caller.session():
            with file.open("rb") as opened:
                await caller.ask("POST", "/echo", data=opened)
                for _ in range(50):  # a thread closes it
                    if opened.closed:
                        break
                    await asyncio.sleep(0.1)
                caller.note(closed=WRITES_ON or opened.closed)


@case
async def send_a_file_of_text(caller: Caller) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload.txt"
        file.write_text("Grüße\n", "utf-8")
        async with caller.session():
            with file.open(encoding="utf-8") as opened:
                await caller.ask("POST", "/echo", data=opened)


@case
async def send_what_is_in_memory(caller: Caller) -> None:
    async with caller.session():
        for memory in (io.BytesIO(b"in memory"), io.StringIO("as text")):
            await caller.ask("POST", "/echo", data=memory)


@case
async def send_a_payload(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/echo", data=aiohttp.payload.StringPayload("payload"))
        await caller.ask("POST", "/echo", data=aiohttp.BytesPayload(memoryview(b"bytes")))


@case
async def send_fields_and_a_file(caller: Caller) -> None:
    form = aiohttp.FormData()
    form.add_field("k", "v")
    form.add_field("f", io.BytesIO(b"file content"), filename="n.txt", content_type="text/plain")
    async with caller.session():
        await caller.ask("POST", "/echo", data=form)


@case
async def send_fields_without_files(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/echo", data=aiohttp.FormData({"a": "1", "ü": "ü"}))


@case
async def send_parts(caller: Caller) -> None:
    with aiohttp.MultipartWriter("mixed") as writer:
        writer.append("text")
        writer.append_json({"a": 1})
        writer.append(b"\x00\x01", {"Content-Type": "application/octet-stream"})
    async with caller.session():
        await caller.ask("POST", "/echo", data=writer)


@case
async def send_what_another_answers(caller: Caller) -> None:
    async with caller.session() as session, session.get(caller.absolute("/chunks")) as source:
        await caller.ask("POST", "/echo", data=source.content)


@case
async def send_when_told_to_continue(caller: Caller) -> None:
    async with caller.session():
        await caller.ask(
            "POST", caller.address("RAW_URL") + "/continued", data=b"after", expect100=True
        )


@case
async def send_two_that_differ_in_one_byte(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", "/echo", data=b"item A")
        await caller.ask("POST", "/echo", data=b"item B")


@case
async def send_two_generators_at_once(caller: Caller) -> None:
    async with caller.session() as session:

        async def one(name: bytes) -> Any:
            target = caller.absolute("/echo?at=once")
            async with session.post(target, data=_stream(name, name)) as response:
                return (await response.json())["sha"]

        caller.note(found=await asyncio.gather(one(b"A"), one(b"B"), one(b"C")))


@case
async def send_to_nobody(caller: Caller) -> None:
    async with caller.session():
        await caller.ask("POST", caller.address("REFUSED_URL"), data=_stream(b"lost"))
        await caller.ask("POST", caller.address("REFUSED_URL"), data=b"lost")
        await caller.ask("POST", "/echo", data=_stream(b"found"))


@case
async def send_with_a_tracker(caller: Caller) -> None:
    if not hasattr(aiohttp, "UploadTracker"):
        return
    tracker = aiohttp.UploadTracker()
    async with caller.session():
        await caller.ask("POST", "/echo", data=BINARY, upload_tracker=tracker)
    caller.note(attempts=tracker.attempts, written=tracker.bytes_written)
