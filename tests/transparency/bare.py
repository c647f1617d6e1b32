"""Awkward endpoints as bare ASGI: each does to its server what applications really do."""

# ruff: noqa: BLE001 - whatever is raised is what is looked at

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import json
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.transparency.journal import Say, described, say_for

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Endpoint = Callable[[Scope, Receive, Send, Say], Awaitable[None]]

ENDPOINTS: dict[str, Endpoint] = {}
OWN: contextvars.ContextVar[str] = contextvars.ContextVar("own", default="unset")
LOCAL = threading.local()
DETACHED: set[asyncio.Task[None]] = set()
SHARED: dict[str, Any] = {"type": "http.response.body", "body": b"", "more_body": True}


def endpoint(function: Endpoint) -> Endpoint:
    ENDPOINTS[function.__name__] = function
    return function


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The last segment of the path names the endpoint."""
    if scope["type"] == "lifespan":
        await _lifespan(scope, receive, send)
        return
    say = say_for(scope["headers"])
    if scope["type"] == "websocket":
        await _talk(scope, receive, send, say)
        return
    name = scope["path"].rpartition("/")[2]
    await ENDPOINTS[name](scope, receive, send, say)


async def _lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    say = say_for([])
    for part in ("startup", "shutdown"):
        message = await receive()
        say("lifespan", message=message)
        scope["state"][part] = "bare"
        await send({"type": f"lifespan.{part}.complete"})


async def _talk(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    """Every message comes back, until there are no more."""
    say("socket", keys=sorted(set(scope) - {"fastapi.telemetry"}), first=await receive())
    await send({"type": "websocket.accept", "subprotocol": "own", "headers": [(b"x-own", b"1")]})
    while True:
        message = await receive()
        say("message", message=message)
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "as asked"})
            return
        await send({**message, "type": "websocket.send"})


async def start(send: Send, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def body(send: Send, data: bytes = b"", *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def reply(send: Send, value: Any, *, status: int = 200) -> None:
    data = json.dumps(value, default=repr).encode()
    await start(send, (b"content-length", str(len(data)).encode()), status=status)
    await body(send, data)


async def whole(receive: Receive) -> bytes:
    data = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request", message
        data += message.get("body", b"")
        if not message.get("more_body"):
            return data


@endpoint
async def echo(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    data = await whole(receive)
    shown = data.decode("latin-1") if len(data) < 2000 else ""
    digest = hashlib.sha256(data).hexdigest()
    await reply(send, [scope["method"], len(data), digest, shown])


@endpoint
async def scope(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    kept = ("type", "http_version", "method", "scheme", "path", "raw_path", "query_string")
    say(
        "scope",
        keys=sorted(set(scope) - {"fastapi.telemetry"}),
        headers=scope["headers"],
        values={name: repr(scope[name]) for name in kept},
        kinds={name: type(value).__name__ for name, value in scope.items() if name in kept},
        state=sorted(scope.get("state", {})),
    )
    say("callables", awaitable=[asyncio.iscoroutinefunction(call) for call in (receive, send)])
    await reply(send, "ok")


@endpoint
async def download(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    await start(send, (b"content-type", b"text/event-stream"), (b"x-two", b"1"), (b"x-two", b"2"))
    for number in range(20):
        await body(send, b"data: %d\n\n" % number, more=True)
        await body(send, b"", more=True)
        await asyncio.sleep(0.001)
    say("all sent")
    await body(send)
    say("ended")


@endpoint
async def large_download(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    await start(send)
    for number in range(80):
        await body(send, bytes([number]) * 65_000, more=True)
    await body(send)
    say("sent")


@endpoint
async def headers_only(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    await start(send, (b"content-length", b"5"), status=200)
    await send({"type": "http.response.body"})


@endpoint
async def mutated(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    """What was handed over is changed, and used again, as soon as `send` is back."""
    headers = [(b"content-length", b"12"), (b"x-own", b"as sent")]
    message = {"type": "http.response.start", "status": 200, "headers": headers}
    await send(message)
    headers[1] = (b"x-own", b"changed")
    headers.append((b"x-late", b"1"))
    message["status"] = 500
    buffer = bytearray(b"abcdef")
    SHARED["body"] = bytes(buffer)
    await send(SHARED)
    say("still mine", keys=sorted(SHARED), body=SHARED["body"])
    buffer[:] = b"ghijkl"
    SHARED["body"] = buffer
    await send(SHARED)
    buffer[:] = b"XXXXXX"
    SHARED["body"] = b""
    await body(send)
    say("message", status=message["status"], headers=headers, same=message["headers"] is headers)


@endpoint
async def partly_read(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    message = await receive()
    say("first", kind=message["type"], some=bool(message["body"]), more=message["more_body"])
    await reply(send, "enough")


@endpoint
async def never_read(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    await reply(send, "not read")


@endpoint
async def read_beyond(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    """After the end of its body a request has only one thing left to say."""
    await whole(receive)
    await reply(send, "read")
    say("after", message=await receive())


@endpoint
async def upload_breaks(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    kinds = []
    while not kinds or kinds[-1] != "http.disconnect":
        kinds.append((await receive())["type"])
    say("saw", last=kinds[-1], first=kinds[0])


@endpoint
async def reader_leaves(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    await start(send)
    await body(send, b"first", more=True)
    await whole(receive)
    gone = asyncio.ensure_future(receive())
    while not gone.done():
        await body(send, b"x" * 100, more=True)
        await asyncio.sleep(0.005)
    say("left", message=gone.result())
    try:
        await body(send, b"nobody", more=True)
    except Exception as error:
        say("send raised", error=described(error))


@endpoint
async def fails_before(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    raise LookupError("before")


@endpoint
async def fails_within(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    await start(send)
    await body(send, b"half", more=True)
    raise LookupError("within")


@endpoint
async def fails_after(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    await reply(send, "whole")
    raise LookupError("after")


@endpoint
async def fails_as_group(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    async def fail(kind: type[Exception]) -> None:
        raise kind("member")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(ValueError))
            group.create_task(fail(KeyError))
    except BaseException as error:
        say("group", error=described(error))
        raise


@endpoint
async def fails_at_the_base(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    class Own(BaseException):
        pass

    raise Own("base")


@endpoint
async def cancels_itself(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    raise asyncio.CancelledError("own")


@endpoint
async def cancelled_tasks(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            say("cancelled", error=described(error))
            raise

    task = asyncio.create_task(wait(), name="mine")
    await asyncio.sleep(0)
    task.cancel("enough")
    try:
        await task
    except asyncio.CancelledError as error:
        say("seen", error=described(error), cancelling=task.cancelling(), name=task.get_name())
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
    except TimeoutError as error:
        say("timeout", error=described(error))
    await reply(send, "ok")


@endpoint
async def sends_twice(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    """What the server says to a wrong order arrives in the application."""
    await reply(send, "once")
    try:
        await start(send)
    except Exception as error:
        say("refused", error=described(error))


@endpoint
async def body_first(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    try:
        await body(send, b"too early")
    except Exception as error:
        say("refused", error=described(error))
    await reply(send, "then")


@endpoint
async def nonsense(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    wrong: list[dict[str, Any]] = [
        {"type": "http.response.start", "status": "200", "headers": []},
        {"type": "http.response.unheard", "of": 1},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]
    for message in wrong:
        try:
            await send(message)
        except Exception as error:
            say("refused", kind=type(error).__name__)
        else:
            say("taken")


@endpoint
async def goes_on(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    """Work after the answer, within the call and beyond it."""
    answered = asyncio.Event()

    async def later() -> None:
        await answered.wait()
        await asyncio.sleep(0.03)
        say("detached", own=OWN.get())

    OWN.set("request")
    task = asyncio.create_task(later())
    DETACHED.add(task)
    task.add_done_callback(DETACHED.discard)
    await reply(send, "answered")
    await asyncio.sleep(0.02)
    say("after the answer")
    answered.set()


@endpoint
async def tasks(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    async def one(number: int) -> str:
        OWN.set(f"{OWN.get()}/{number}")
        await asyncio.sleep(0.001 * (3 - number))
        return OWN.get()

    loop = asyncio.get_running_loop()
    current = asyncio.current_task()
    assert current is not None
    say("task", kind=type(current).__name__, own=OWN.get())
    OWN.set("handler")
    first = loop.create_task(one(0))
    second = loop.create_task(one(1))
    numbers = [int(task.get_name().rpartition("-")[2]) for task in (first, second)]
    say("names", apart=numbers[1] - numbers[0], results=[await first, await second])
    say("gathered", results=await asyncio.gather(*map(one, range(3))), own=OWN.get())
    context = contextvars.Context()
    context.run(OWN.set, "given")
    task = asyncio.create_task(one(0), context=context)
    say("context", result=await task, left=context[OWN])
    loop.set_task_factory(lambda loop, coro, **keywords: asyncio.Task(coro, loop=loop, **keywords))
    try:
        say("factory", result=await loop.create_task(one(1), name="named"))
    finally:
        loop.set_task_factory(None)
    try:
        refused = loop.create_task("no coroutine")  # type: ignore[arg-type]
        say("taken", task=refused)
    except TypeError as error:
        say("refused", error=described(error))
    await reply(send, "ok")


class _Named(threading.Thread):
    __slots__ = ("seen",)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and name not in {"name", "daemon", "seen"}:
            raise AttributeError(name)
        super().__setattr__(name, value)

    def run(self) -> None:
        self.seen = (self.name, OWN.get(), getattr(LOCAL, "value", None), sorted(vars(self)))


class _Pool(ThreadPoolExecutor):
    def __init__(self, say: Say) -> None:
        super().__init__(1, thread_name_prefix="own", initializer=say, initargs=("initialized",))
        self.submitted: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **keywords: Any) -> Any:
        self.submitted.append(fn)
        return super().submit(fn, *args, **keywords)


def _work(*args: object, **keywords: object) -> list[Any]:
    thread = threading.current_thread()
    return [thread.name, thread.daemon, OWN.get(), args, keywords]


@endpoint
async def threads(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    OWN.set("handler")
    LOCAL.value = "main"
    thread = _Named(name="mine")
    thread.start()
    thread.join()
    name, own, local, attributes = thread.seen
    say("thread", name=name, own=own, local=local, attributes=attributes)
    with _Pool(say) as pool:
        say("pool", result=pool.submit(_work, 1, two=2).result(), same=pool.submitted[0] is _work)
        loop = asyncio.get_running_loop()
        say("executor", result=await loop.run_in_executor(pool, _work, 3))
        failed = pool.submit(int, "x").exception()
        assert failed is not None
        say("failed", error=described(failed))
    result = await asyncio.to_thread(_work, 4)
    say("to thread", own=result[2], args=result[3])
    timer = threading.Timer(0.001, lambda: say("timer", own=OWN.get()))
    timer.start()
    await asyncio.to_thread(timer.join)
    try:
        thread.start()
    except RuntimeError as error:
        say("started twice", error=described(error))
    await reply(send, "ok")


@endpoint
async def blocking(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    started = time.monotonic()
    time.sleep(0.002)  # noqa: ASYNC251 - applications do
    say("time passes", forwards=time.monotonic() > started)
    await reply(send, "ok")


@endpoint
async def quiet(scope: Scope, receive: Receive, send: Send, say: Say) -> None:
    """Answered when nothing that was started earlier still runs."""
    while DETACHED:
        await asyncio.wait(DETACHED)
    await asyncio.sleep(0.05)
    await reply(send, "quiet")
