"""An application in this very process: how it is found, and how ASGI is sent a request."""

from __future__ import annotations

import asyncio
import importlib
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from timetracer_otel.applications import is_factory, kind_of
from timetracer_otel.capture.serving import with_server_span
from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import CannotReplay
from timetracer_otel.protocols.bodies import unread_rest, wire_chunks
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequest, header_pairs

__all__ = ["NO_ENTRY", "import_application", "running", "send"]

Message = MutableMapping[str, Any]
Application = Callable[..., Awaitable[None]]

_ASGI = {"version": "3.0", "spec_version": "2.3"}
"""As uvicorn says it: with 2.4, frameworks listen differently for a client that leaves."""

NO_ENTRY = "it has no inbound request: it is the recording of a job, and there is nothing to send"

_START_S = 60.0
_STOP_S = 5.0
_LONGER_S = 10.0
"""How long a response may go on beyond its recorded size."""


def import_application(target: str) -> Any:
    """The ASGI, WSGI or aiohttp application at ``package.module:attribute``; a factory is called.

    Without an attribute it is the module's `app` or `application`. One that makes no span for
    its requests gets one, as a server would give it. Raises `CannotReplay` with what went wrong
    on the way.
    """
    module_name, _, attribute = target.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
        for name in (attribute.removesuffix("()") or _default(found)).split("."):
            found = getattr(found, name)
        if kind_of(found) != "aiohttp" and (attribute.endswith("()") or is_factory(found)):
            found = found()
    except (ImportError, AttributeError) as error:
        hint = "give it as `--app package.module:application`"
        raise CannotReplay(subject=target, reason=str(error), hint=hint) from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})"
        raise CannotReplay(subject=target, reason=reason) from error
    if not callable(found) and kind_of(found) != "aiohttp":  # a runner of it is not
        reason = f"it is no application but {type(found).__name__}"
        raise CannotReplay(subject=target, reason=reason)
    return with_server_span(found)


def _default(module: Any) -> str:
    return next((name for name in ("app", "application") if hasattr(module, name)), "app")


State = dict[str, Any]
"""What a lifespan leaves for the requests."""


@asynccontextmanager
async def running(app: Application) -> AsyncIterator[State]:
    """The application between its lifespan's start and end; one without lifespan runs too.

    Raises `CannotReplay` when it does not start.
    """
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    started, ended = asyncio.Event(), asyncio.Event()
    failure: list[str] = []
    state: State = {}

    async def send(message: Message) -> None:
        if message["type"].endswith(".failed"):
            failure.append(str(message.get("message", "")) or "it gave no reason")
        (started if "startup" in message["type"] else ended).set()

    async def live() -> None:
        try:
            scope = {"type": "lifespan", "asgi": _ASGI, "state": state}
            await app(scope, inbox.get, send)
        except Exception:  # noqa: BLE001, S110 - "lifespan not supported" is any exception
            pass
        finally:
            started.set()
            ended.set()

    task = asyncio.create_task(live())
    await inbox.put({"type": "lifespan.startup"})
    if not await _happened(started, _START_S):
        task.cancel()
        raise _not_started(f"not within {_START_S:.0f} s")
    if failure:
        raise _not_started(failure[-1].strip().rpartition("\n")[2])
    try:
        yield state
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        if not await _happened(ended, _STOP_S):
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _not_started(reason: str) -> CannotReplay:
    return CannotReplay(subject="the application", reason=f"it did not start: {reason}")


async def _happened(event: asyncio.Event, within_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within_s)
    except TimeoutError:
        return False
    return True


async def send(app: Application, cassette: Cassette, state: State | None = None) -> None:
    """Send the recorded entry; the answer is in the replay's own recording.

    A client that left early leaves again: after as many bytes of the response, or of its own
    request. Raises `CannotReplay`.
    """
    entry = cassette.entry
    if not isinstance(entry, HttpInteraction):
        raise CannotReplay(subject=cassette.trace_id, reason=NO_ENTRY)
    client = _Client(entry)
    scope = {**scope_of(entry.request), "state": dict(state or {})}
    call = asyncio.ensure_future(app(scope, client.receive, client.take))
    leaving = asyncio.create_task(client.left.wait())
    await asyncio.wait([call, leaving], return_when=asyncio.FIRST_COMPLETED)
    if not call.done():  # as a server would: it is told, and nobody waits for ever
        await asyncio.wait([call], timeout=_STOP_S)
        call.cancel()
    leaving.cancel()
    await asyncio.gather(call, leaving, return_exceptions=True)
    if client.failure is not None:
        raise client.failure


class _Client:
    """The other side of one request: what it sends, and how long it stays."""

    def __init__(self, entry: HttpInteraction) -> None:
        request = entry.request
        body = request.body
        self._title = entry.title
        self._body = body
        chunks = wire_chunks(body, title=entry.title) if body is not None else []
        self._breaks_off = body is not None and body.state == "aborted"
        self._inbox: list[Message] = [
            {
                "type": "http.request",
                "body": chunk,
                "more_body": number < len(chunks) or self._breaks_off,
            }
            for number, chunk in enumerate(chunks or [b""], start=1)
        ]
        self._is_short = _promises_more(request, sum(map(len, chunks)))
        answered = entry.response.body if entry.response is not None else None
        stays = answered is None or answered.state not in ("aborted", "open")
        self._takes = None if stays or answered is None else answered.size
        self._expects = answered.size if answered is not None else 0
        self._taken = 0
        self._began = False
        self._done = asyncio.Event()
        self.left = asyncio.Event()
        self.failure: CannotReplay | None = None
        if entry.response is None and entry.error is None and not self._breaks_off:
            asyncio.get_running_loop().call_later(entry.duration_us / 1e6, self._leave)

    async def receive(self) -> Message:
        if self._inbox:
            if self._is_short and not self._began and len(self._inbox) == 1:
                self.failure = unread_rest(self._body, title=self._title)
                if self.failure is not None:
                    raise self.failure
            return self._inbox.pop(0)
        if self._breaks_off:
            self._leave()
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def take(self, message: Message) -> None:
        self._began = True
        if message["type"] != "http.response.body":
            return
        before = self._taken
        self._taken += len(message.get("body", b""))
        if not message.get("more_body"):
            self._done.set()
        elif self._takes is not None and self._taken >= self._takes:
            self._leave()
        elif before <= self._expects < self._taken:  # it differs already, and may never end
            asyncio.get_running_loop().call_later(_LONGER_S, self._leave)

    def _leave(self) -> None:
        self._done.set()
        self.left.set()


def _promises_more(request: HttpRequest, size: int) -> bool:
    """Whether the client sent more than was read of it."""
    for line in request.headers:
        name, _, value = line.lower().partition(": ")
        if name == "transfer-encoding" or (name == "content-length" and value.isdigit()):
            return name == "transfer-encoding" or int(value) > size
    return False


def scope_of(request: HttpRequest) -> dict[str, Any]:
    """The ASGI scope of a recorded request."""
    url = urlsplit(request.url)
    raw_path = url.path.encode("latin-1")
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": request.http_version or "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": url.query.encode("latin-1"),
        "root_path": request.root_path,
        # lower-case, as ASGI has them: the recording may be of another kind of server
        "headers": [(name.lower(), value) for name, value in header_pairs(request.headers)],
        "client": request.client,
        "server": request.server,
    }
