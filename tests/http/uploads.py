"""Cases: what is sent."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from tests.http.caller import Caller, case
from tests.http.replies import BINARY

BODIES: dict[str, dict[str, Any]] = {
    "send_bytes": {"content": BINARY},
    "send_text": {"content": "Grüße"},
    "send_json": {"json": {"a": [1, 2.5, None], "ü": "ü"}},
    "send_form": {"data": {"a": "1 2", "b": ["x", "ü"]}},
    "send_nothing": {},
    "send_some_megabytes": {"content": bytes(3 * 1024 * 1024)},
    "send_multipart": {"files": {"file": ("a.txt", b"content", "text/plain")}, "data": {"k": "v"}},
    "send_multipart_with_a_boundary": {
        "files": {"file": ("a.bin", b"\x00\x01")},
        "headers": {"Content-Type": "multipart/form-data; boundary=mine"},
    },
}


def _plain(name: str, options: dict[str, Any]) -> None:
    async def run(caller: Caller) -> None:
        async with caller.client():
            await caller.ask("POST", "/echo", **options)

    run.__name__ = name
    case(run)


for _name, _options in BODIES.items():
    _plain(_name, _options)


@case
async def send_a_generator(caller: Caller) -> None:
    async with caller.client():
        await caller.ask("POST", "/echo", content=caller.stream_of(b"one", b"", b"two"))


@case
async def send_a_generator_of_known_length(caller: Caller) -> None:
    async with caller.client():
        body = caller.stream_of(b"one", b"two")
        await caller.ask("POST", "/echo", content=body, headers={"Content-Length": "6"})


@case
async def send_a_generator_through_a_redirect(caller: Caller) -> None:
    async with caller.client(follow_redirects=True):
        await caller.ask("POST", "/again", content=caller.stream_of(b"once"))


@case
async def send_a_file(caller: Caller) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload.bin"
        file.write_bytes(BINARY)
        async with caller.client():
            with file.open("rb") as opened:
                await caller.ask("POST", "/echo", content=opened)
                caller.note(at=opened.tell())


@case
async def send_a_file_as_multipart(caller: Caller) -> None:
    async with caller.client():
        file = io.BytesIO(b"file content")
        await caller.ask("POST", "/echo", files=[("f", ("n.txt", file)), ("g", ("m", b"2"))])
        caller.note(at=file.tell())


@case
async def send_two_uploads_that_differ_in_one_byte(caller: Caller) -> None:
    async with caller.client():
        await caller.ask("POST", "/echo", content=b"item A")
        await caller.ask("POST", "/echo", content=b"item B")


@case
async def send_a_request_made_by_hand(caller: Caller) -> None:
    async with caller.client() as client:
        request = client.build_request("POST", "/echo", params={"q": "1"}, content=b"by hand")
        response = await caller.tried(lambda: client.send(request, stream=True))
        caller.note(before=[response.is_closed, response.is_stream_consumed])
        await caller.read(response)
        caller.note(after=[response.is_closed, response.text, response.request is request])


@case
async def an_upload_that_nobody_takes(caller: Caller) -> None:
    """The generator is left as it is; the same one goes out where somebody does."""
    taken: list[bytes] = []
    chunks = caller.stream_of(b"one", b"two", taken=taken)
    async with caller.client():
        await caller.ask("POST", f"{caller.at.refused_url}/upload", content=chunks)
        caller.note(taken=list(taken))
        await caller.ask("POST", "/echo", content=chunks)
        caller.note(taken=list(taken))


@case
async def uploads_to_one_address_of_which_one_fails(caller: Caller) -> None:
    """Each generator gets its own outcome, in the order of the recording."""
    async with caller.client():
        for words in ((b"A", b"A"), (b"fails", b"later"), (b"B", b"B")):
            taken: list[bytes] = []
            chunks = caller.stream_of(*words, taken=taken)
            await caller.ask("POST", "/upload", content=chunks)
            caller.note(taken=taken)


@case
async def an_upload_that_is_refused_early(caller: Caller) -> None:
    taken: list[bytes] = []
    chunks = caller.stream_of(*[bytes(200_000)] * 60, taken=taken)
    async with caller.client():
        await caller.ask("POST", "/too-much", content=chunks)
        caller.note(taken=len(taken))


@case
async def an_upload_that_times_out(caller: Caller) -> None:
    taken: list[bytes] = []
    chunks = caller.stream_of(*[bytes(200_000)] * 60, taken=taken)
    async with caller.client():
        timeout = caller.library.Timeout(5, write=0.2)
        await caller.ask("POST", "/unread", content=chunks, timeout=timeout)
        caller.note(taken=len(taken))
