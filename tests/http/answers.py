"""Cases: what servers answer."""

from __future__ import annotations

from tests.http.caller import CASES, Caller, case

PLAIN = {
    "json": "/json",
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
    "duplicate_headers": "/headers",
    "redirect_not_followed": "/hop?n=1",
    "no_content": "/nothing",
    "not_modified": "/unchanged",
    "not_found": "/status?code=404",
    "server_error": "/status?code=500",
    "unassigned_status": "/status?code=599",
    "no_reason_phrase": "/no-phrase",
    "early_hints": "/early",
    "http_1_0": "/old",
    "some_megabytes": "/large",
    "query_with_odd_characters": "/echo?a=%20&b=%C3%BC&c=+&a=2&d",
    "path_with_odd_characters": "/echo/%2F/ü ;x",
}


def _plain(name: str, target: str) -> None:
    async def run(caller: Caller) -> None:
        await caller.get(target)

    run.__name__ = name
    case(run)


for _name, _target in PLAIN.items():
    _plain(_name, _target)
assert CASES


@case
async def set_cookies(caller: Caller) -> None:
    async with caller.client():
        await caller.ask("GET", "/cookies")
        await caller.ask("GET", "/echo")


@case
async def redirects_with_cookies(caller: Caller) -> None:
    await caller.get("/hop?n=3", follow_redirects=True)


@case
async def redirect_loop(caller: Caller) -> None:
    await caller.get("/loop", follow_redirects=True, settings={"max_redirects": 3})


@case
async def redirect_to_an_unknown_scheme(caller: Caller) -> None:
    await caller.get("/nowhere", follow_redirects=True)


@case
async def redirect_by_hand(caller: Caller) -> None:
    async with caller.client() as client:
        response = await caller.ask("GET", "/hop?n=1")
        following = await caller.tried(lambda: client.send(response.next_request))
        caller.note(status=following.status_code, body=following.text)


@case
async def post_becomes_get(caller: Caller) -> None:
    async with caller.client(follow_redirects=True):
        await caller.ask("POST", "/see-other", json={"a": 1})


@case
async def post_is_sent_again(caller: Caller) -> None:
    async with caller.client(follow_redirects=True):
        await caller.ask("POST", "/again", json={"a": 1})


@case
async def head(caller: Caller) -> None:
    async with caller.client():
        await caller.ask("HEAD", "/text")


@case
async def methods(caller: Caller) -> None:
    async with caller.client():
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            await caller.ask(method, "/echo", content=method.encode())


@case
async def same_question_other_answers(caller: Caller) -> None:
    async with caller.client():
        for _ in range(3):
            await caller.ask("GET", "/count")


@case
async def basic_and_digest_auth(caller: Caller) -> None:
    digest = caller.library.DigestAuth("user", "secret")
    async with caller.client():
        await caller.ask("GET", "/echo", auth=("user", "secret"))
        await caller.ask("GET", "/digest", auth=digest)


@case
async def event_hooks(caller: Caller) -> None:
    async def later(thing: object) -> None:
        caller.note(hook=type(thing).__name__)

    def now(thing: object) -> None:
        caller.note(hook=type(thing).__name__)

    hook = later if caller.is_async else now
    await caller.get("/json", settings={"event_hooks": {"request": [hook], "response": [hook]}})


@case
async def an_application_header_of_its_own(caller: Caller) -> None:
    async with caller.client(headers={"X-Mine": "1", "User-Agent": "test"}):
        await caller.ask("GET", "/echo", headers=[("X-Mine", "2"), ("x-mine", "3")])


@case
async def a_transport_made_by_hand(caller: Caller) -> None:
    library = caller.library
    kind = library.AsyncHTTPTransport if caller.is_async else library.HTTPTransport
    async with caller.client(transport=kind(retries=2)):
        await caller.ask("GET", "/json")


@case
async def a_mounted_transport_is_not_ours_to_answer(caller: Caller) -> None:
    library = caller.library
    mock = library.MockTransport(lambda request: library.Response(218, text="from a mock"))
    async with caller.client(transport=mock):
        await caller.ask("GET", "/json")


@case
async def raise_for_status(caller: Caller) -> None:
    async with caller.client():
        for code in (404, 500, 302):
            response = await caller.ask("GET", f"/status?code={code}")
            await caller.tried(response.raise_for_status)


@case
async def concurrent_calls(caller: Caller) -> None:
    """In each client's own way: tasks, or threads."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    targets = [f"/echo?n={n}" for n in range(6)]
    async with caller.client() as client:
        if caller.is_async:
            found = await asyncio.gather(*(client.get(target) for target in targets))
        else:
            with ThreadPoolExecutor(3) as pool:
                jobs = [pool.submit(copy_context().run, client.get, target) for target in targets]
                found = [job.result() for job in jobs]
        caller.note(bodies=[response.json()["target"] for response in found])
